"""The floors of the house, read from the imports: a file imports its own floor or lower ones, and few know gevent."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "geventio"
FILES = sorted(PACKAGE.rglob("*.py"))
FLOORS = {
    "exceptions": 0,
    "handlers": 0,
    "option_checks": 0,
    "option_groups": 0,
    "options": 0,
    "protocol": 1,
    "runtime": 2,
    "engineio": 3,
    "socketio": 4,
    "adapters": 5,
}
ROOF = 6
HUB_FLOORS = {2, 5, ROOF}
"""Where gevent and greenlet may be imported; floors 3 and 4 reach the hub through floor 2."""
CONCURRENCY = {"gevent", "greenlet", "geventwebsocket"}
PURE = {"threading", "socket", "_socket", "select", "time", "selectors", "asyncio"}
"""What the protocol floor, which has neither clock nor I/O, does without."""


def floor_of(module: str) -> int:
    """The floor of a module of the package, by its dotted name."""
    parts = module.split(".")
    return FLOORS.get(parts[1], ROOF) if len(parts) > 1 else ROOF


def module_name(path: Path) -> str:
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(path: Path) -> Iterator[tuple[str, bool]]:
    """Modules that a file imports, and whether only for types."""
    tree = ast.parse(path.read_text("utf-8"))
    typing_only = {
        id(node)
        for branch in ast.walk(tree)
        if isinstance(branch, ast.If) and isinstance(branch.test, ast.Name) and branch.test.id == "TYPE_CHECKING"
        for statement in branch.body
        for node in ast.walk(statement)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, id(node) in typing_only
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            yield node.module or "", id(node) in typing_only


@pytest.mark.parametrize("path", FILES, ids=module_name)
def test_imports_point_down(path: Path) -> None:
    floor = floor_of(module_name(path))
    for name, _typing_only in imports(path):
        if name.split(".")[0] == "geventio":
            assert floor_of(name) <= floor, f"{module_name(path)} (floor {floor}) imports {name}"


@pytest.mark.parametrize("path", FILES, ids=module_name)
def test_gevent_only_where_the_hub_is_known(path: Path) -> None:
    floor = floor_of(module_name(path))
    for name, _typing_only in imports(path):
        top = name.split(".")[0]
        if top in CONCURRENCY:
            assert floor in HUB_FLOORS, f"{module_name(path)} (floor {floor}) imports {name}"
        if floor == 1:
            assert top not in PURE, f"{module_name(path)} is pure and imports {name}"


def test_the_engine_knows_nothing_of_socketio() -> None:
    for path in (PACKAGE / "engineio").rglob("*.py"):
        assert not any("socketio" in name for name, _ in imports(path)), path


@pytest.mark.parametrize("path", FILES, ids=module_name)
def test_a_file_is_one_idea_and_says_which(path: Path) -> None:
    source = path.read_text("utf-8")
    assert ast.get_docstring(ast.parse(source)), f"{path.name} has no docstring"
    assert source.count("\n") <= 320, f"{path.name} is longer than a file should be"
    assert path.stem not in {"utils", "helpers", "common", "misc"}


@pytest.mark.parametrize("path", FILES, ids=module_name)
def test_nothing_is_ever_unpickled(path: Path) -> None:
    assert not {name.split(".")[0] for name, _ in imports(path)} & {"pickle", "marshal", "shelve", "yaml", "dill"}


def test_no_public_signature_hides_its_parameters() -> None:
    for path in FILES:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
                assert node.args.kwarg is None, f"{module_name(path)}.{node.name} takes **{node.args.kwarg.arg}"  # type: ignore[union-attr]
