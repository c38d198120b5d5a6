"""The documentation as a site: ``make docs`` builds it into docs/build, without network.

Guide pages are Markdown (MyST), the reference is generated from the docstrings, which are reStructuredText. A broken
reference or a docstring that does not parse ends the build (``-W``).
"""

import inspect
import pkgutil
from typing import Any

from sphinx.pycode import ModuleAnalyzer

import geventio

project = "geventio"
author = "the geventio authors"
version = release = geventio.__version__
html_title = f"geventio {version}"

extensions = [
    "myst_parser",  # Markdown pages
    "sphinx.ext.autodoc",  # the reference, from the docstrings
    "sphinx_copybutton",  # snippets are there to be taken
]
exclude_patterns = ["build"]
html_theme = "furo"
html_show_sphinx = False
html_show_copyright = False

myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 3

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_preserve_defaults = True
python_use_unqualified_type_names = True
python_maximum_signature_line_length = 100
INTERNAL = "geventio's own use"
"""What the docstring of something says that is public only to geventio's own files."""


def internal_attributes() -> set[str]:
    """Names of attributes that are internal; the text behind an attribute is for those who read the source alone."""
    found = set()
    for module in pkgutil.walk_packages(geventio.__path__, "geventio."):
        analyzer = ModuleAnalyzer.for_module(module.name)
        for (_, name), lines in analyzer.find_attr_docs().items():
            if INTERNAL in " ".join(lines):
                found.add(name)
    return found


INTERNAL_ATTRIBUTES = internal_attributes()


def is_internal(app: Any, what: str, name: str, thing: Any, skip: bool, options: Any) -> bool | None:  # noqa: ARG001
    """Whether the reference leaves a member out; None: as autodoc thinks."""
    routine = inspect.isroutine(thing) or isinstance(thing, (type, property))
    if INTERNAL in (getattr(thing, "__doc__", None) or "") or (name in INTERNAL_ATTRIBUTES and not routine):
        return True
    return None


def setup(app: Any) -> None:
    """Called by Sphinx."""
    app.connect("autodoc-skip-member", is_internal)
