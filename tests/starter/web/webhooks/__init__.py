"""What vendors tell us: verified, kept once, told to its case."""
