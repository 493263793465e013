"""Durable shape only: remember, wait, receive, start work. No arithmetic, no text, no I/O. Run by worker.py."""
