"""The console's own stylesheet and its address.

Owns these. Must never hold a style of another face. Called by the console's pages and its route.
"""

import hashlib
from pathlib import Path

from starlette.responses import Response

_FILE = Path(__file__).parents[1] / "pages" / "console" / "console.css"
_A_YEAR_S = 365 * 24 * 3600
_STYLE = _FILE.read_text(encoding="utf-8")
STYLE_PATH = "/console/console.css"
STYLE_URL = f"{STYLE_PATH}?v={hashlib.sha256(_STYLE.encode()).hexdigest()[:12]}"  # a changed stylesheet has another address


def stylesheet() -> Response:
    return Response(_STYLE, media_type="text/css", headers={"cache-control": f"public, max-age={_A_YEAR_S}, immutable"})
