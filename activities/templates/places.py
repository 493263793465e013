"""Where in a template an error arose.

Owns reading a traceback for it. Must never repeat the error's words: they may be personal. Called by rendering and by the check of
overrides.
"""

import traceback
from typing import NamedTuple

from jinja2 import TemplateSyntaxError

from activities.templates.sources import TextSet


class Place(NamedTuple):
    """A line of a file, from 1."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


def place_in(error: Exception, texts: TextSet) -> Place | None:
    """The innermost line of a shop's template through which the error came; of ours, if it came through none of the shop's."""
    if isinstance(error, TemplateSyntaxError) and error.filename:
        return Place(error.filename, error.lineno)
    shops = {str(source.file) for source in texts.sources.values() if source.origin is not None}
    all_files = {str(source.file) for source in texts.sources.values()}
    frames = [Place(frame.filename, frame.lineno or 1) for frame in traceback.extract_tb(error.__traceback__)]
    for files in (shops, all_files):
        found = next((place for place in reversed(frames) if place.file in files), None)
        if found is not None:
            return found
    return None
