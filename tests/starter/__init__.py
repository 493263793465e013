"""Processes that are clients of Temporal."""
