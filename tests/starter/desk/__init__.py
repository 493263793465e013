"""The desk: sameness, what a workflow starts with, and the real thing on an engine."""
