"""What the documentation shows runs: its Python blocks, one after the other, as a reader would try them."""

import importlib
import re
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest

import geventio
from geventio import Engine, Server, Socket, parsers
from geventio.engineio.session import Session
from geventio.options import ServerOptions

ROOT = Path(__file__).parent.parent
GUIDE = sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "docs/guide").glob("*.md"))
PAGES = ["README.md", "CHANGES.md", *sorted(path.relative_to(ROOT).as_posix() for path in ROOT.glob("docs/**/*.md"))]
BLOCK = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)
BEFORE = "import re\n\nfrom geventio import *\n\nio = Server()\n"
"""What every page of the guide takes for granted; its first page says so."""


def blocks(page: str) -> list[str]:
    return BLOCK.findall((ROOT / page).read_text("utf-8"))


def run(source: str) -> str:
    result = subprocess.run(
        [sys.executable, "-W", "error", "-c", source], capture_output=True, text=True, timeout=60, check=False
    )
    assert result.returncode == 0, result.stderr
    return result.stdout


@pytest.mark.parametrize("page", GUIDE)
def test_a_page_of_the_guide_runs(page: str) -> None:
    found = blocks(page)
    assert found, f"{page} shows nothing"
    run("\n".join([BEFORE, *found]))


def test_what_the_guide_prints() -> None:
    assert "no answer from []" in run("\n".join([BEFORE, *blocks("docs/guide/acknowledgements.md")]))


def test_the_guide_says_what_its_blocks_take_for_granted() -> None:
    assert BEFORE in blocks("docs/guide/index.md")


def test_the_application_of_the_deployment_page_runs() -> None:
    (block,) = blocks("docs/deployment.md")
    run(block.replace('if __name__ == "__main__":', "if False:"))


def test_the_readme_shows_the_quickstart_as_it_is() -> None:
    assert (ROOT / "examples/quickstart.py").read_text("utf-8") in blocks("README.md")


@pytest.mark.parametrize("page", PAGES)
def test_links_between_pages_lead_somewhere(page: str) -> None:
    text = (ROOT / page).read_text("utf-8")
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text):
        assert ((ROOT / page).parent / target).exists(), target


OWNERS = {"io": Server, "socket": Socket, "conn": Session, "engine": Engine}
"""What the names of the page for those who come from Node.js belong to."""
NAME = re.compile(r"\b(io|socket|conn|engine)\.([a-z_]+)")
INSTANCE = {"id", "connected", "handshake", "conn", "namespace", "transport", "engine", "request", "options"}
"""Attributes that instances have and their classes don't."""


def test_names_for_those_who_come_from_node_exist() -> None:
    tables = (ROOT / "docs/from-nodejs.md").read_text("utf-8")
    rows = [line.split("|")[2] for line in tables.splitlines() if line.startswith("| `")]
    found = {(owner, name) for row in rows for owner, name in NAME.findall(row)}
    assert len(found) > 30
    missing = {(owner, name) for owner, name in found if not hasattr(OWNERS[owner], name) and name not in INSTANCE}
    assert not missing
    options = set(re.findall(r"^\| .*? \| `([a-z_]+)`", tables[tables.index("## Options") :], re.MULTILINE))
    assert len(options) > 7
    assert options - {"parser", "adapter"} <= {field.name for field in fields(ServerOptions)}


@pytest.mark.parametrize("name", [field.name for field in fields(ServerOptions)])
def test_every_option_is_where_users_look(name: str) -> None:
    """In the guide, or where its name on Node.js is; the reference alone is for those who know that it exists."""
    pages = [*GUIDE, "docs/from-nodejs.md"]
    assert any(re.search(rf"`{name}\b|\b{name}=", (ROOT / page).read_text("utf-8")) for page in pages)


def in_the_reference() -> set[object]:
    """What the pages of the reference describe."""
    described: set[object] = set()
    for page in (ROOT / "docs/reference").glob("*.md"):
        directives = re.findall(r"^\.\. auto(\w+):: (\S+)((?:\n   :.*)*)", page.read_text("utf-8"), re.MULTILINE)
        assert directives, page
        for kind, target, options in directives:
            if kind == "module":
                module = importlib.import_module(target)
                if ":members:" in options:
                    own = (thing for thing in vars(module).values() if getattr(thing, "__module__", None) == target)
                    described.update(own)
            elif kind != "data":
                module_name, _, name = target.rpartition(".")
                described.add(getattr(importlib.import_module(module_name), name))
    return described


def test_every_public_name_is_in_the_reference() -> None:
    described = in_the_reference()
    assert [name for name in geventio.__all__ if getattr(geventio, name) not in described] == []
    public = [getattr(parsers, name) for name in parsers.__all__]
    assert [thing for thing in public if callable(thing) and thing not in described] == []


def test_every_page_is_in_the_contents() -> None:
    contents = (ROOT / "docs/index.md").read_text("utf-8").splitlines()
    pages = {path.relative_to(ROOT / "docs").with_suffix("").as_posix() for path in ROOT.glob("docs/**/*.md")}
    assert pages - {"index"} <= set(contents)
