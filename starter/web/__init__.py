"""The web process: signed links, webhooks, the HTTP API and the customer's page."""
