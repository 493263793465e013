"""Message texts: what customers read, per kind of message, channel and language."""
