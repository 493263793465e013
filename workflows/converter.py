"""The one data converter of clients, workers, replayers and tests.

Owns how payloads are written: Temporal's pydantic converter, without fields that are None (they say nothing and cost history bytes).
"""

import dataclasses
from typing import Any

from pydantic_core import to_json
from temporalio.api.common.v1 import Payload
from temporalio.contrib.pydantic import PydanticJSONPlainPayloadConverter, pydantic_data_converter
from temporalio.converter import CompositePayloadConverter, DefaultPayloadConverter, JSONPlainPayloadConverter


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


DATA_CONVERTER = dataclasses.replace(pydantic_data_converter, payload_converter_class=LeanPydanticPayloadConverter)
