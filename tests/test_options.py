"""Options: the documented defaults, and a clear word about every value that cannot work."""

import math
from typing import Any

import pytest

from geventio import ConfigurationError
from geventio.option_checks import check_names
from geventio.option_groups import CookieOptions
from geventio.options import EngineOptions, ServerOptions


def test_defaults_are_those_of_the_node_js_server_in_seconds() -> None:
    options = ServerOptions()
    assert (options.path, EngineOptions().path) == ("/socket.io/", "/engine.io/")
    assert (options.ping_interval, options.ping_timeout, options.upgrade_timeout) == (25, 20, 10)
    assert (options.connect_timeout, options.max_attachments) == (45, 10)
    assert (options.cleanup_empty_child_namespaces, options.max_child_namespaces) == (False, 10_000)
    assert options.max_namespaces == 16
    assert (options.max_http_buffer_size, options.http_compression_threshold) == (1_000_000, 1024)
    assert options.transports == ("polling", "websocket")
    assert options.allow_upgrades is True
    assert options.cookie is None
    assert options.cors_allowed_origins is None


@pytest.mark.parametrize(
    "name", ["ping_interval", "ping_timeout", "upgrade_timeout", "body_timeout", "connect_timeout"]
)
@pytest.mark.parametrize("value", [0, -1, math.nan, math.inf, "25", None, True])
def test_times(name: str, value: Any) -> None:
    with pytest.raises(ConfigurationError, match=name):
        ServerOptions(**{name: value})
    options: dict[str, Any] = {name: 0.5}
    assert getattr(ServerOptions(**options), name) == 0.5


@pytest.mark.parametrize(
    ("name", "lowest"),
    [
        ("max_http_buffer_size", 1),
        ("max_send_buffer", 1),
        ("http_compression_threshold", 0),
        ("max_attachments", 0),
        ("max_child_namespaces", 1),
        ("max_namespaces", 1),
    ],
)
def test_sizes(name: str, lowest: int) -> None:
    for value in (lowest - 1, 1.5, math.nan, math.inf, "1000", None, False):
        with pytest.raises(ConfigurationError, match=name):
            ServerOptions(**{name: value})  # type: ignore[arg-type]
    options: dict[str, Any] = {name: lowest}
    assert getattr(ServerOptions(**options), name) == lowest
    options = {name: 1e6}
    value = getattr(ServerOptions(**options), name)
    assert (value, type(value)) == (1_000_000, int)


@pytest.mark.parametrize("path", ["socket.io", "/socket.io", "socket.io/", "//socket.io//"])
def test_paths_get_their_slashes(path: str) -> None:
    assert EngineOptions(path=path).path == "/socket.io/"


@pytest.mark.parametrize("path", ["", "/", "a b", "a?b", "a#b", "a%20", "ä", "a\n", None, 5])
def test_wrong_paths(path: Any) -> None:
    with pytest.raises(ConfigurationError, match="path"):
        EngineOptions(path=path)


@pytest.mark.parametrize("transports", ["polling", [], ["polling", "webtransport"], None, 5, ["x"], [["polling"]]])
def test_wrong_transports(transports: Any) -> None:
    with pytest.raises(ConfigurationError, match="transports"):
        EngineOptions(transports=transports)


def test_transports_from_any_iterable() -> None:
    assert EngineOptions(transports=iter(["websocket"])).transports == ("websocket",)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("cookie", "expected"),
    [
        (None, None),
        (False, None),
        (True, CookieOptions()),
        ("sticky", CookieOptions("sticky")),
        ({"name": "n", "same_site": "STRICT", "max_age": 60}, CookieOptions("n", same_site="STRICT", max_age=60)),
        (CookieOptions("mine"), CookieOptions("mine")),
    ],
)
def test_cookies(cookie: Any, expected: Any) -> None:
    assert EngineOptions(cookie=cookie).cookie == expected


@pytest.mark.parametrize(
    "cookie",
    [5, "", "a b", "a;b", "a=b", "a,b", "ä", "a\r\nSet-Cookie: x", '"', {"name": None}, {"path": "/;x"},
     {"path": "/\n"},
     {"path": ""}, {"path": "/ä"}, {"same_site": "sometimes"}, {"same_site": None}, {"max_age": "60"}, {"max_age": -1},
     {"max_age": math.inf}, {"httponly": True}],
)  # fmt: skip
def test_wrong_cookies(cookie: Any) -> None:
    with pytest.raises(ConfigurationError):
        EngineOptions(cookie=cookie)


def test_a_misspelt_name_gets_a_hint() -> None:
    with pytest.raises(ConfigurationError, match="did you mean 'http_only'"):
        EngineOptions(cookie={"httponly": True})
    with pytest.raises(ConfigurationError, match="the options are http_only, max_age"):
        EngineOptions(cookie={"zzzzzz": True})
    check_names(EngineOptions, {"path": "/x"})


@pytest.mark.parametrize(
    ("origins", "expected"),
    [
        (None, None),
        ("*", "*"),
        ("https://A.example", {"https://a.example"}),
        (["https://a.example", "null"], {"https://a.example", "null"}),
        (iter(["http://[::1]:80"]), {"http://[::1]:80"}),
        ([], set()),
    ],
)
def test_origins(origins: Any, expected: Any) -> None:
    assert EngineOptions(cors_allowed_origins=origins).cors_allowed_origins == expected


def test_origins_by_a_function() -> None:
    def allowed(origin: str, environ: dict[str, Any]) -> bool:
        return True

    assert EngineOptions(cors_allowed_origins=allowed).cors_allowed_origins is allowed


@pytest.mark.parametrize(
    "origins",
    ["a.example", "https://a.example/", "https://a.example/x", ["*"], [5], 5, b"https://a.example", [None], ""],
)
def test_wrong_origins(origins: Any) -> None:
    with pytest.raises(ConfigurationError, match="origin"):
        EngineOptions(cors_allowed_origins=origins)


def test_credentials_need_names() -> None:
    assert EngineOptions(cors_allowed_origins="https://a.example", cors_credentials=True).cors_credentials
    with pytest.raises(ConfigurationError, match="cors_credentials"):
        EngineOptions(cors_allowed_origins="*", cors_credentials=True)


def test_allow_request_must_be_callable() -> None:
    with pytest.raises(ConfigurationError, match="allow_request"):
        EngineOptions(allow_request="yes")  # type: ignore[arg-type]
