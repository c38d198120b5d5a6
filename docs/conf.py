"""The documentation as a site: ``make docs`` builds it into docs/build, without network.

Guide pages are Markdown (MyST), the reference is generated from the docstrings, which are reStructuredText. A broken
reference or a docstring that does not parse ends the build (``-W``).
"""

from typing import Any

from geventio import __version__

project = "geventio"
author = "the geventio authors"
version = release = __version__
html_title = f"geventio {__version__}"

extensions = [
    "myst_parser",  # Markdown pages
    "sphinx.ext.autodoc",  # the reference, from the docstrings
    "sphinx_copybutton",  # snippets are there to be taken
]
exclude_patterns = ["build"]
html_theme = "furo"
html_show_sphinx = False

myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 3

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_default_options = {"members": True, "inherited-members": "Exception,ValueError,TimeoutError"}
autodoc_preserve_defaults = True
python_use_unqualified_type_names = True
python_maximum_signature_line_length = 100
INTERNAL = "geventio's own use"
"""What the docstring of a method says that is public only to geventio's own files."""


def is_internal(app: Any, what: str, name: str, thing: Any, skip: bool, options: Any) -> bool | None:  # noqa: ARG001
    """Whether the reference leaves a member out; None: as autodoc thinks."""
    return True if INTERNAL in (getattr(thing, "__doc__", None) or "") else None


def setup(app: Any) -> None:
    """Called by Sphinx."""
    app.connect("autodoc-skip-member", is_internal)
