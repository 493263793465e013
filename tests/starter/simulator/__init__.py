"""The simulator: plans over a clock of the test, and the process over HTTP."""
