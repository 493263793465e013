"""The one data converter of clients, workers, replayers and tests.

Owns how payloads and failures are written: Temporal's pydantic converter without fields that are None (they say nothing and cost history
bytes), and no stack trace for a failure that is expected.
"""

import dataclasses
from typing import Any

from pydantic_core import to_json
from temporalio.api.common.v1 import Payload
from temporalio.api.failure.v1 import Failure
from temporalio.contrib.pydantic import PydanticJSONPlainPayloadConverter, pydantic_data_converter
from temporalio.converter import (
    CompositePayloadConverter,
    DefaultFailureConverter,
    DefaultPayloadConverter,
    JSONPlainPayloadConverter,
    PayloadConverter,
)
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory


class _Lean(PydanticJSONPlainPayloadConverter):
    def to_payload(self, value: Any) -> Payload | None:
        return Payload(metadata={"encoding": self.encoding.encode()}, data=to_json(value, exclude_none=True))


class LeanPydanticPayloadConverter(CompositePayloadConverter):
    """Temporal's default converters with pydantic for JSON, None left out."""

    def __init__(self) -> None:
        lean = _Lean()
        super().__init__(
            *(
                lean if isinstance(converter, JSONPlainPayloadConverter) else converter
                for converter in DefaultPayloadConverter.default_encoding_payload_converters
            )
        )


class ExpectedFailureConverter(DefaultFailureConverter):
    """A provider check that found nothing new ends as a benign failure, 30 times in a case. Writing the stack trace of that, which tells
    nobody anything, was a tenth of a worker's CPU per case (`make bench`); the engine keeps the last one of each activity.
    """

    def to_failure(self, exception: BaseException, payload_converter: PayloadConverter, failure: Failure) -> None:
        if isinstance(exception, ApplicationError) and exception.category is ApplicationErrorCategory.BENIGN:
            exception = exception.with_traceback(None)
        super().to_failure(exception, payload_converter, failure)


DATA_CONVERTER = dataclasses.replace(
    pydantic_data_converter,
    payload_converter_class=LeanPydanticPayloadConverter,
    failure_converter_class=ExpectedFailureConverter,
)
