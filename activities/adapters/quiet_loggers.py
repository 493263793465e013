"""Loggers of other people's packages that would write keys, addresses or texts.

Owns their silence. A level alone would not do: a logging configuration or a curious operator can lower it again, a filter stays.
Called by the adapters when they are imported.
"""

import logging


class _NothingBelow(logging.Filter):
    def __init__(self, level: int) -> None:
        super().__init__()
        self._level = level

    def filter(self, record: logging.LogRecord) -> bool:
        return record.levelno >= self._level


def pin(name: str, level: int = logging.WARNING) -> None:
    """From now on `name` logs nothing below `level`, whatever is configured."""
    logger = logging.getLogger(name)
    logger.setLevel(level)
    if not any(isinstance(known, _NothingBelow) for known in logger.filters):
        logger.addFilter(_NothingBelow(level))


def pin_http_client() -> None:
    """urllib3 (under Twilio's SDK and apprise) logs paths and queries at DEBUG, and whole addresses in some warnings."""
    for name in ("urllib3.connectionpool", "urllib3.connection", "urllib3.util.retry", "requests"):
        pin(name, logging.ERROR)
