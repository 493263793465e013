"""Names and models of the activities: what workflows import of this room, and all they import."""
