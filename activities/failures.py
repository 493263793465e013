"""How activities fail: the store being away is retried by the engine, and says so by type only.

Owns the translation of the store's errors. A failure's message reaches the history: codes, never values.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from temporalio.exceptions import ApplicationError

from store.errors import StoreRefused, StoreUnavailable


@contextmanager
def books_errors(again_in: timedelta | None = None) -> Iterator[None]:
    """StoreUnavailable is tried again within the job's limit; StoreRefused is too, since a deploy may mend it, but says its name.

    `again_in`: when to try again, for an activity whose own retry policy is about something else.
    """
    try:
        yield
    except StoreUnavailable as error:
        raise ApplicationError("the books cannot be reached", type="store_unavailable", next_retry_delay=again_in) from error
    except StoreRefused as error:
        raise ApplicationError("the books refused an entry", type="store_refused", next_retry_delay=again_in) from error
