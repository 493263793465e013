"""Pure time arithmetic: spans, wall clocks of zones, windows of a week, the business calendar and the send window.

Owns what a unit of time means to the second (docs: conventions, section Time). Must never read a clock, a file of
ours or a random source: workflow code calls it during replay. Called by the clocks, the cadence and the agenda of
`policies`, by `workflows` through them, and by whoever loads a policy book.
"""
