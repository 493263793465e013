"""The demo: a shop's bad week in two minutes, on the real engine. The story is data (examples/demo.toml); this room plays it."""
