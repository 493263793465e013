"""docs/api.md names every field of every act, as the forms have them.

`python -m tests.starter.web.api.test_acts_table --write` writes the section after a form has changed.
"""

import sys

from starter.settings import ROOT
from starter.web.api.acts import BODIES
from starter.web.api.acts_table import BEGIN, END, section

DOCUMENT = ROOT / "docs" / "api.md"


def _parts() -> tuple[str, str, str]:
    before, begin, rest = DOCUMENT.read_text(encoding="utf-8").partition(BEGIN)
    inside, end, after = rest.partition(END)
    assert begin, "docs/api.md has lost the mark before the table of acts"
    assert end, "docs/api.md has lost the mark behind the table of acts"
    return before, begin + inside + end, after


def test_the_documents_table_of_acts_is_that_of_the_forms() -> None:
    assert _parts()[1] == section(), "write it anew: python -m tests.starter.web.api.test_acts_table --write"


def test_the_table_has_every_field_of_every_form() -> None:
    told = section()
    for name, form in BODIES.items():
        assert f"| `{name}` |" in told
        for field in form.model_fields:
            assert field == "by" or f"`{field}`" in told, (name, field)


if __name__ == "__main__" and "--write" in sys.argv:
    start, _, rest = _parts()
    DOCUMENT.write_text(start + section() + rest, encoding="utf-8")
