"""The page of one case: where it stands, what is next, what to do; its clocks, its history, every act on it."""
