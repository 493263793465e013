"""The web process: signed links, webhooks, and later the API, the console and the customer's page."""
