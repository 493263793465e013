"""What an answer of a vendor means for a message: one TOML table per vendor, and its reader.

Owns the classification as data (sendgrid.toml, twilio.toml, apprise.toml). Must never hold code of a vendor. Read by the adapters.
"""
