"""The stack of `make up` and `make demo` on one machine: Temporal, the worker, optionally the simulator."""
