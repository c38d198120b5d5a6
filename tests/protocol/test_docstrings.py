"""The examples in the docstrings of the codecs show what happens."""

import doctest
import importlib

import pytest


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".json",
        ".engineio.packet",
        ".engineio.packet3",
        ".engineio.payload",
        ".engineio.payload3",
        ".engineio.webtransport",
        ".socketio.packet",
        ".socketio.packet4",
        ".socketio.json_parser",
        ".socketio.msgpack_parser",
        ".socketio.msgpack_scan",
    ],
)
def test_examples(name):
    results = doctest.testmod(importlib.import_module("geventio.protocol" + name))
    assert results.attempted
    assert not results.failed
