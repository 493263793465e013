"""The HTTP API for backend services: /v1, over the desk, for whoever holds an API key."""
