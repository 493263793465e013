"""`python -m starter.web`: the web process, set by MAKEGOOD_* and TEMPORAL_*. The embedded stack starts it so."""

import gc

if __name__ == "__main__":
    gc.disable()  # until all is imported, as in worker.py

import sys

from starter.policy_books import BookError
from starter.settings import SettingsError, load_settings
from starter.web.serving import run


def main() -> int:
    """Exit code 0 after a graceful end, 1 if the process could not start."""
    gc.enable()
    gc.freeze()
    try:
        run(load_settings())
    except (SettingsError, BookError, OSError) as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
