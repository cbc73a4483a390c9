"""How the documentation is built: `nox -s docs`, where every warning is an error."""

from __future__ import annotations

import re
from typing import Any

import attrs
from sphinx.application import Sphinx
from sphinx.domains.python import PyObject

import plivo_phlo_async
from plivo_phlo_async.webhooks import Diagnosis, Difference, Event, Rejected, TrackedMember

project = "plivo-phlo-async"
author = "the authors of plivo-phlo-async"
version = release = plivo_phlo_async.__version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx_copybutton"]
exclude_patterns = ["_build"]

html_theme = "furo"
html_title = "plivo-phlo-async"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_copy_source = html_show_sourcelink = html_show_copyright = False
html_theme_options = {"navigation_with_keys": True}

myst_heading_anchors = 3  # a page can link to another one's heading

copybutton_exclude = ".linenos, .gp, .go"  # prompts and output are not copied

default_role = "py:obj"  # `name` in a docstring is a link where there is such a name
autodoc_member_order = "bysource"
autodoc_default_options = {"members": True}
autodoc_preserve_defaults = True
napoleon_numpy_docstring = False
napoleon_use_ivar = True  # fields as one list
strip_signature_backslash = True  # napoleon then escapes the underscore of `from_`
python_use_unqualified_type_names = True
autodoc_mock_imports = ["aiohttp", "fastapi"]  # documented without being installed
python_maximum_signature_line_length = 88
toc_object_entries_show_parents = "hide"

nitpicky = True
nitpick_ignore_regex = [
    # Names of other packages: no inventory of theirs is fetched, so that building needs no network.
    ("py:(class|exc|data|func|meth)", r"(?!plivo_phlo_async\.).*"),
    # Whatever a docstring sets apart that is no name of ours: values, headers, file names.
    ("py:obj", r"[\s\S]*"),
    # What no caller ever names.
    ("py:class", r"plivo_phlo_async\.(emulator\..*|.*\.[ER])"),
]

# Values that are given to you: how they are made is no part of the interface.
_RECEIVED = (
    *(plivo_phlo_async.Result, Event, Diagnosis, Difference, TrackedMember, Rejected),
    *(plivo_phlo_async.Phlo, plivo_phlo_async.Node),
    *(plivo_phlo_async.MultiPartyCall, plivo_phlo_async.Member),
    *(plivo_phlo_async.ConferenceBridge, plivo_phlo_async.ConferenceBridgeMember),
    *(plivo_phlo_async.BulkRun, plivo_phlo_async.BulkOutcome, plivo_phlo_async.BulkReport),
    *(plivo_phlo_async.CommonError, plivo_phlo_async.PhloError),
    *(plivo_phlo_async.AttemptEvent, plivo_phlo_async.OutcomeEvent, plivo_phlo_async.PauseEvent),
)

# The mark of an argument that was not given.
_SHOWN = {" | ~plivo_phlo_async.client._Unset": "", " | plivo_phlo_async.client._Unset": ""}
_SHOWN |= {" | _Unset": "", "= _UNSET": "= ..."}

_DEFAULT = re.compile(r"attr_dict\['(\w+)'\]\.default")


def _signature(
    app: Sphinx,
    what: str,
    name: str,
    obj: Any,
    options: Any,
    signature: str | None,
    returns: str | None,
) -> tuple[str | None, str | None]:
    if what in {"class", "exception"} and issubclass(obj, _RECEIVED):
        return "", None
    for name, shown in _SHOWN.items():
        signature = signature and signature.replace(name, shown)
    if signature and attrs.has(obj):
        defaults = attrs.fields_dict(obj)
        signature = _DEFAULT.sub(lambda found: repr(defaults[found[1]].default), signature)
    return signature, returns


def _skip(app: Sphinx, what: str, name: str, obj: Any, skip: bool, options: Any) -> bool | None:
    """Leave out what attrs makes for itself."""
    return True if name.startswith("__") or isinstance(obj, attrs.Attribute) else None


def setup(app: Sphinx) -> None:
    """Called by Sphinx."""
    for field in PyObject.doc_field_types:
        if field.name == "variable":
            field.label = "Attributes"
    app.connect("autodoc-process-signature", _signature)
    app.connect("autodoc-skip-member", _skip)
