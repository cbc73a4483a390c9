"""The emulator's page: its files, and the same data as tables for browsers without scripts.

The scripts are modules, sent as one file to save requests.
"""

import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from ..emulator import Emulator
from ..errors import UnknownResource
from ..http.response import HttpResponse
from ..http.security import secret_masker
from .noscript import write_dashboard, write_tables

__all__ = ["MODULES", "PAGE_FILES", "join_modules", "page_file", "show_page"]

DASHBOARD_MARK, NOSCRIPT_MARK = "<!-- dashboard -->", "<!-- noscript -->"
"""The places in `page.html` for the dashboard, and for the tables."""

PAGE_FILES: Mapping[str, str] = {
    "page.css": "text/css; charset=utf-8",
    "boot.js": "text/javascript; charset=utf-8",
    "page.js": "text/javascript; charset=utf-8",
    "icon.svg": "image/svg+xml",
    "dagre.js": "text/javascript; charset=utf-8",
}
"""The files of the page, with their content types; no other is served."""

VENDORED: Mapping[str, str] = {"dagre.js": "vendor/dagre.js"}
"""The places of the files that others wrote; a page without flows loads none."""

MODULES = (
    *(
        "dom",
        "api",
        "flow_model",
        "model",
        "actions",
        "menu",
        "members",
        "dial",
        "calls",
        "ended",
        "shell",
    ),
    *("timeline", "log", "webhooks", "controls"),
    *("spans", "layout", "graph", "node_facts", "run_list", "run_start", "run_facts", "keypad"),
    *("flows", "page"),
)
"""The modules of `page.js`; each comes after those that it imports."""

_IMPORT = re.compile(r"^import \{[^}]*\} from \"\./\w+\.js\";\n", re.MULTILINE)
_EXPORT = re.compile(r"^export (?=const|let|class|function|async)", re.MULTILINE)


def show_page(emulator: Emulator) -> HttpResponse:
    """Return the page with the present dashboard, for browsers with and without scripts."""
    before, _, rest = _read("page.html").partition(DASHBOARD_MARK)
    between, _, after = rest.partition(NOSCRIPT_MARK)
    mask = secret_masker(emulator.auth_token)
    dashboard, tables = write_dashboard(emulator, mask), write_tables(emulator, mask)
    page = "".join((before, dashboard, between, tables, after))
    return HttpResponse(
        200, {}, raw=page.encode(errors="replace"), content_type="text/html; charset=utf-8"
    )


def page_file(name: str) -> HttpResponse:
    """Return a file of the page; raises `UnknownResource`."""
    if name not in PAGE_FILES:
        raise UnknownResource("path", name)
    text = join_modules() if name == "page.js" else _read(VENDORED.get(name, name))
    return HttpResponse(200, {}, raw=text.encode(), content_type=PAGE_FILES[name])


@cache
def join_modules() -> str:
    """Return the modules as one script, without their imports from each other."""
    return "\n".join(_EXPORT.sub("", _IMPORT.sub("", _read(f"{name}.js"))) for name in MODULES)


@cache
def _read(name: str) -> str:
    return files(__package__).joinpath(name).read_text("utf-8")
