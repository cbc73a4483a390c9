"""The emulator's page: its files, and the same as plain tables where no script runs.

The scripts are written as modules and sent as one file: each request costs more than its bytes.
"""

import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from ..errors import UnknownResource
from ..http.phlo_api import Reply
from ..http.security import hider
from ..stage import Stage
from .noscript import write_board, write_tables

__all__ = ["MODULES", "PAGE_FILES", "join_modules", "page_file", "show_page"]

DASHBOARD_MARK, NOSCRIPT_MARK = "<!-- dashboard -->", "<!-- noscript -->"
"""Where in `page.html` the board goes, and the tables for a browser without scripts."""

PAGE_FILES: Mapping[str, str] = {
    "page.css": "text/css; charset=utf-8",
    "boot.js": "text/javascript; charset=utf-8",
    "page.js": "text/javascript; charset=utf-8",
    "icon.svg": "image/svg+xml",
}
"""Every file the page asks for, with its content type; no other is served."""

MODULES = ("dom", "api", "model", "calls", "timeline", "log", "webhooks", "controls", "page")
"""The modules that `page.js` is joined from: one comes after all that it imports."""

_IMPORT = re.compile(r"^import \{[^}]*\} from \"\./\w+\.js\";\n", re.MULTILINE)
_EXPORT = re.compile(r"^export (?=const|let|class|function|async)", re.MULTILINE)


def show_page(emulator: Stage) -> Reply:
    """Answer with the page and what it shows first, with and without scripts, as of now."""
    before, _, rest = _read("page.html").partition(DASHBOARD_MARK)
    between, _, after = rest.partition(NOSCRIPT_MARK)
    hide = hider(emulator.auth_token)
    told = (before, write_board(emulator, hide), between, write_tables(emulator, hide), after)
    page = "".join(told)
    return Reply(200, {}, raw=page.encode(), content_type="text/html; charset=utf-8")


def page_file(name: str) -> Reply:
    """Answer with one of the page's files; raises `UnknownResource`."""
    if name not in PAGE_FILES:
        raise UnknownResource("path")
    text = join_modules() if name == "page.js" else _read(name)
    return Reply(200, {}, raw=text.encode(), content_type=PAGE_FILES[name])


@cache
def join_modules() -> str:
    """Return the page's modules as one, without what they import from each other."""
    return "\n".join(_EXPORT.sub("", _IMPORT.sub("", _read(f"{name}.js"))) for name in MODULES)


@cache
def _read(name: str) -> str:
    return files(__package__).joinpath(name).read_text("utf-8")
