"""The rulebook: pure decisions about promises, clocks, messages and outcomes.

Owns every rule of a case's life. Must never read a clock, a file at replay, a random source or the environment, nor import
temporalio, SQLAlchemy or a vendor's package: workflows call it while they replay. Called by all other rooms.
"""
