"""The web process: its skeleton, signed links and the one-click unsubscribe."""
