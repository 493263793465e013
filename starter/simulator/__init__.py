"""The demo's payment provider and carrier: one process, reached over HTTP on this machine only."""
