"""The benchmark: S10 of the architecture's budget and its baselines in one run. `python -m bench`, `make bench`."""
