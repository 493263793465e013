"""What a provider's later report on a message means: one TOML table per provider, and its reader.

Owns the classification as data (sendgrid.toml, twilio.toml). Must never hold an address. Read by twilio_words.py and sendgrid_words.py;
what an answer to the sending itself means stands in activities/adapters/outcomes.
"""
