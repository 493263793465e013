"""One revision per file, oldest first."""
