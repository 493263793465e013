"""The raw body of a request, bounded in bytes and in time, and the two forms in which vendors fill it.

Owns the limits and the words of refusal. Must never decode anything before its signature was checked. Called by the endpoints.
"""

import asyncio
from urllib.parse import parse_qsl

from fastapi import HTTPException, Request
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import Field, File, FormParser, parse_options_header

_PATIENCE_S = (
    20.0  # a vendor's POST arrives within a second, the largest mail over a slow line in this; less than the whole request's limit
)
_MOST_FIELDS = 300  # Twilio sends about 40
_MOST_PARTS = 100  # a mail's fields, about 20, and its attachments


async def read_body(request: Request, most: int) -> bytes:
    """The whole body, at most `most` bytes. Raises HTTPException 413, 408."""
    declared = request.headers.get("content-length", "")
    if declared.isascii() and declared.isdigit() and int(declared) > most:
        raise HTTPException(413, f"the body has more than {most} bytes")
    chunks: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(_PATIENCE_S):
            async for chunk in request.stream():
                size += len(chunk)
                if size > most:
                    raise HTTPException(413, f"the body has more than {most} bytes")
                chunks.append(chunk)
    except TimeoutError:
        raise HTTPException(408, "the body did not arrive in time") from None
    return b"".join(chunks)


def form_of(body: bytes) -> list[tuple[str, str]]:
    """The fields of an urlencoded form, in order. ValueError: it is none."""
    return parse_qsl(body.decode("utf-8"), keep_blank_values=True, max_num_fields=_MOST_FIELDS, errors="strict")


class MultipartForm:
    """The parts of a multipart form as bytes: what a field's charset is, another field may say."""

    def __init__(self) -> None:
        self.fields: dict[str, bytes] = {}
        self.files: list[tuple[str, str | None, bytes]] = []  # name of the part, its declared type, content


def multipart_of(body: bytes, content_type: str) -> MultipartForm:
    """ValueError: it is none, or has too many parts."""
    kind, options = parse_options_header(content_type)
    boundary = options.get(b"boundary")
    if kind != b"multipart/form-data" or not boundary or len(boundary) > 200:
        raise ValueError("no multipart form")
    form = MultipartForm()
    parts = 0

    def counted() -> None:
        nonlocal parts
        parts += 1
        if parts > _MOST_PARTS:
            raise ValueError("too many parts")

    def on_field(field: Field) -> None:
        counted()
        form.fields[(field.field_name or b"").decode("utf-8", "replace")] = field.value or b""

    def on_file(file: File) -> None:
        counted()
        file.file_object.seek(0)
        name = (file.field_name or b"").decode("utf-8", "replace")
        form.files.append((name, file.content_type, file.file_object.read()))
        file.close()

    # In memory throughout: the body is there already, and nothing personal shall be left in a temporary folder.
    parser = FormParser("multipart/form-data", on_field, on_file, boundary=boundary, config={"MAX_MEMORY_FILE_SIZE": len(body) + 1})
    try:
        parser.write(body)
        parser.finalize()
    except FormParserError:
        raise ValueError("no multipart form") from None
    return form
