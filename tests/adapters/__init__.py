"""Adapters against real servers on loopback."""
