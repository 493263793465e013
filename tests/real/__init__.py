"""The real house, in real time: Temporal's development server, the worker as a process of its own, the books, the simulator over HTTP."""
