"""The case: its words, its request, its facts, its state and what it plans to say. Pure."""
