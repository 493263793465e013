"""The command line: readers, books, commands and their exit codes."""
