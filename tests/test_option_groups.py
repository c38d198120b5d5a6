"""Options that come in groups, and the single ones that have a rule of their own: what they take, what they refuse."""

from pathlib import Path
from typing import Any

import pytest

from geventio import ConfigurationError
from geventio.option_groups import DeflateOptions, RecoveryOptions
from geventio.options import EngineOptions, ServerOptions


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (False, None),
        (None, None),
        (True, DeflateOptions()),
        ({}, DeflateOptions()),
        ({"threshold": 1e3, "level": 1}, DeflateOptions(threshold=1000, level=1)),
        (DeflateOptions(mem_level=9), DeflateOptions(mem_level=9)),
    ],
)
def test_per_message_deflate(value: Any, expected: DeflateOptions | None) -> None:
    assert EngineOptions(per_message_deflate=value).per_message_deflate == expected


@pytest.mark.parametrize(
    "value",
    [5, "on", {"treshold": 5}, {"threshold": -1}, {"threshold": "5"}, {"level": 0}, {"level": 10}, {"mem_level": 0},
     {"server_max_window_bits": 8}, {"client_max_window_bits": 16}, {"server_no_context_takeover": 1},
     {"client_no_context_takeover": None}],
)  # fmt: skip
def test_wrong_per_message_deflate(value: Any) -> None:
    with pytest.raises(ConfigurationError):
        EngineOptions(per_message_deflate=value)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (False, None),
        (None, None),
        (True, RecoveryOptions(120.0, 16_000_000, False)),
        (
            {"max_disconnection_duration": 5, "max_bytes": 1e6, "skip_middlewares": True},
            RecoveryOptions(5, 10**6, True),
        ),
    ],
)
def test_connection_state_recovery(value: Any, expected: RecoveryOptions | None) -> None:
    assert ServerOptions(connection_state_recovery=value).connection_state_recovery == expected


@pytest.mark.parametrize(
    "value",
    [5, "on", {"max_disconnection_duration": 0}, {"max_disconnection_duration": "2 minutes"}, {"max_bytes": 0},
     {"max_bytes": 1.5}, {"skip_middlewares": "yes"}, {"skipMiddlewares": True}],
)  # fmt: skip
def test_wrong_connection_state_recovery(value: Any) -> None:
    with pytest.raises(ConfigurationError):
        ServerOptions(connection_state_recovery=value)


@pytest.mark.parametrize(
    "option",
    [{"allow_eio3": 1}, {"add_trailing_slash": "no"}, {"generate_id": "x"}, {"initial_packet": 5},
     {"http_compression_level": 0}, {"http_compression_level": 10}, {"cleanup_empty_child_namespaces": 0},
     {"serve_client": None}, {"serve_client": 5}, {"json_default": {}}, {"drain": -1}, {"drain": "5"},
     {"stall_limit": -0.1}, {"stall_limit": None}],
    ids=str,
)  # fmt: skip
def test_values_that_cannot_work(option: dict[str, Any]) -> None:
    (name,) = option
    with pytest.raises(ConfigurationError, match=name):
        ServerOptions(**option)


def test_values_that_can() -> None:
    options = ServerOptions(
        path="socket.io",
        add_trailing_slash=False,
        generate_id=lambda environ: "x" * 20,
        initial_packet=b"\x00",
        serve_client=Path("static"),
        json_default=str,
        drain=0,
        stall_limit=0,
    )
    assert options.path == "/socket.io"
    assert (options.drain, options.stall_limit) == (0, 0)
