"""Migrations of the books (Alembic).

Owns how an older store becomes the present one. Must never import the tables of today into a revision: a revision is
frozen. A new revision: add versions/rNNNN_what.py with `down_revision` set to the one before; tests/store compares
the result with the tables.
"""
