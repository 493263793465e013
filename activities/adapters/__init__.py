"""Adapters: one file per outside system, behind the ports of activities/ports.py. Built by worker.py only."""
