"""The embedded stack against Temporal's development server."""
