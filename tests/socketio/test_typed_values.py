"""What checks the values of one annotation: which library, and what is said where it is not there."""

import subprocess
import sys
from typing import Any

import pytest
from typed_arguments import MSGSPEC, PLAIN, PYDANTIC, Account, Point, Row

from geventio import ConfigurationError
from geventio.socketio.handlers.typed_values import Unfit, converter


@pytest.mark.parametrize("row", PLAIN, ids=lambda row: str(row.annotation))
def test_plain_annotations_need_no_library(row: Row, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("msgspec", "pydantic"):
        monkeypatch.setitem(sys.modules, name, None)
    convert = converter(row.annotation)
    assert convert is not None
    for sent, got in row.accepted:
        assert convert(sent) == got
    for value in row.refused:
        with pytest.raises(Unfit):
            convert(value)


WITHOUT_MSGSPEC = [row for row in MSGSPEC if "Meta(" not in str(row.annotation)]  # that cannot be written without it


@pytest.mark.parametrize("row", WITHOUT_MSGSPEC, ids=lambda row: str(row.annotation))
def test_without_msgspec_the_extra_is_named(row: Row, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("msgspec", "msgspec.inspect"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(ConfigurationError, match=r"needs msgspec: pip install 'geventio\[typed\]'"):
        converter(row.annotation)


@pytest.mark.parametrize("row", PYDANTIC, ids=lambda row: str(row.annotation))
def test_pydantics_annotations_do_without_msgspec(row: Row, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "msgspec", None)
    convert = converter(row.annotation)
    assert convert is not None
    for sent, got in row.accepted:
        assert convert(sent) == got


def test_neither_library_is_imported_unless_it_is_needed() -> None:
    program = (
        "import sys, geventio\n"
        "io = geventio.Server()\n"
        "@io.on('x')\n"
        "def handler(socket, text: str, *rest: int | None): ...\n"
        "assert not {'msgspec', 'pydantic'} & set(sys.modules)\n"
        "@io.on('y')\n"
        "def typed(socket, texts: list[str]): ...\n"
        "assert 'msgspec' in sys.modules\n"
        "assert 'pydantic' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)


def test_numbers_out_of_range() -> None:
    convert = converter(float)
    assert convert is not None
    with pytest.raises(Unfit, match="out of range"):
        convert(10**400)


def test_values_that_middlewares_put_in() -> None:
    """Not only what a client can send may come."""

    class Text(str):
        __slots__ = ()

    text = converter(str)
    assert text is not None
    assert text(Text("x")) == "x"
    point = converter(Point)
    assert point is not None
    assert point(Point(1)) == Point(1)
    with pytest.raises(Unfit):
        point(object())


@pytest.mark.parametrize("annotation", [Account, list[Account]])
def test_many_problems_are_counted(annotation: Any) -> None:
    convert = converter(list[annotation])
    assert convert is not None
    with pytest.raises(Unfit, match=r"^\d+ problems$"):
        convert([{"name": 5}] * 1000)


def test_a_value_that_nests_too_deeply() -> None:
    from typed_arguments import Tree

    value: Any = {"children": []}
    for _ in range(100_000):
        value = {"children": [value]}
    convert = converter(Tree)
    assert convert is not None
    with pytest.raises(Unfit, match="not a value for Tree"):
        convert(value)
