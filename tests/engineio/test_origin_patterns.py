"""Allowed origins by compiled regular expression and by wildcard: the whole origin has to match."""

import re
from typing import Any

import pytest

from geventio import ConfigurationError
from geventio.options import EngineOptions

from .client import POLLING, WEBSOCKET, WEBSOCKET_HEADERS, ask
from .conftest import Make

PATTERN = re.compile(r"https://[a-z0-9-]+\.example\.org(:\d+)?")
WILDCARD = "https://*.Example.org"

# Origins, and whether the pattern and whether the wildcard takes them.
ORIGINS = {
    "https://a.example.org": (True, True),
    "HTTPS://A.Example.ORG": (True, True),
    "https://a-b.example.org": (True, True),
    "https://a.b.example.org": (False, True),
    "https://a_b.example.org": (False, True),
    "https://a.example.org:8443": (True, False),
    "https://example.org": (False, False),
    "https://.example.org": (False, False),
    "https://a..example.org": (False, False),
    "http://a.example.org": (False, False),
    "https://a.example.org.evil.example": (False, False),
    "https://a.example.org/": (False, False),
    "https://evil.example?https://a.example.org": (False, False),
    "xhttps://a.example.org": (False, False),
    "https://aXexample.org": (False, False),
    "https://a.exampleXorg": (False, False),
    "https://user@a.example.org": (False, False),
    "https://evil.example#a.example.org": (False, False),
    "https://evil.example\\.example.org": (False, False),
    f"https://{'a' * 400}.example.org": (False, False),
    f"https://{'a.' * 200}example.org": (False, False),
    "https://other.example": (True, True),  # by name, beside them
}


@pytest.mark.parametrize("origin", ORIGINS)
def test_patterns(serve: Make, origin: str) -> None:
    for allowed, expected in zip((PATTERN, WILDCARD), ORIGINS[origin], strict=True):
        noting = serve(cors_allowed_origins=[allowed, "https://other.example"], cors_credentials=True)
        polling = ask(noting.address, "GET", POLLING, [("Origin", origin)])
        upgrade = ask(noting.address, "GET", WEBSOCKET, [*WEBSOCKET_HEADERS, ("Origin", origin)])
        assert (polling.status, upgrade.status) == ((200, 101) if expected else (403, 400))
        if expected:
            assert polling.headers["access-control-allow-origin"] == origin
            assert polling.headers["access-control-allow-credentials"] == "true"


def test_a_pattern_alone(serve: Make) -> None:
    noting = serve(cors_allowed_origins=re.compile(r"http://localhost:\d+"))
    for origin, status in (("http://localhost:3000", 200), ("http://localhost:3000x", 403), ("http://a:1", 403)):
        assert ask(noting.address, "GET", POLLING, [("Origin", origin)]).status == status


def test_a_slow_pattern_is_not_tried_on_long_origins(serve: Make) -> None:
    """(a|a)* would take longer than the universe for a few hundred characters; a long origin is refused unseen."""
    noting = serve(cors_allowed_origins=re.compile(r"https://(a|a)*\.example"))
    assert ask(noting.address, "GET", POLLING, [("Origin", f"https://{'a' * 5000}")]).status == 403


@pytest.mark.parametrize(
    "origins",
    ["https://a.*.example", "https://*", "https://*example.org", "https://*.a.*.example", "https://a.example:*",
     "*://a.example", re.compile(rb"https://a"), ["https://a.example", re.compile(rb"https://a")]],
)  # fmt: skip
def test_wrong_patterns(origins: Any) -> None:
    with pytest.raises(ConfigurationError, match="origin"):
        EngineOptions(cors_allowed_origins=origins)
