"""The command line `makegood`: one file per group of commands."""
