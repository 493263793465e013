"""Every process that is a client of Temporal: settings, connection, command line, simulator and the embedded stack."""
