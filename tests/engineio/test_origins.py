"""Which pages may connect: the same table over polling and WebSocket."""

from typing import Any

import gevent
import pytest

from .client import POLLING, WEBSOCKET, WEBSOCKET_HEADERS, ask
from .conftest import Make, NotingEngine
from .memory import MemoryRequest

# Origins beside a server at http://localhost:5000, and whether each is that server.
SAME_ORIGIN = {
    "http://localhost:5000": True,
    "HTTP://LOCALHOST:5000": True,
    "http://LocalHost:5000": True,
    "https://localhost:5000": False,
    "http://localhost": False,
    "http://localhost:80": False,
    "http://localhost:5001": False,
    "http://localhost:50000": False,
    "http://localhost:500": False,
    "http://localhost:05000": False,
    "http://localhost:": False,
    "http://localhost.:5000": False,
    "http://localhost.evil.example:5000": False,
    "http://evil-localhost:5000": False,
    "http://evil.localhost:5000": False,
    "http://xlocalhost:5000": False,
    "http://localhostx:5000": False,
    "http://localhost:5000.evil.example": False,
    "http://localhost:5000@evil.example": False,
    "http://evil.example@localhost:5000": False,
    "http://user:pass@localhost:5000": False,
    "http://@localhost:5000": False,
    "http://localhost:5000/": False,
    "http://localhost:5000/path": False,
    "http://localhost:5000?": False,
    "http://localhost:5000#": False,
    "http://localhost:5000 ": False,
    "http:// localhost:5000": False,
    "http://localhost:5000,http://localhost:5000": False,
    "http://localhost:5000 http://evil.example": False,
    "http://127.0.0.1:5000": False,
    "http://[::1]:5000": False,
    "http://[::1]": False,
    "http://0:5000": False,
    "http://2130706433:5000": False,
    "http://0x7f000001:5000": False,
    "//localhost:5000": False,
    "localhost:5000": False,
    "http:localhost:5000": False,
    "http:/localhost:5000": False,
    "http:///localhost:5000": False,
    "http:\\\\localhost:5000": False,
    "http://": False,
    "http://:5000": False,
    "://localhost:5000": False,
    "null": False,
    "NULL": False,
    "undefined": False,
    "*": False,
    "file://": False,
    "file://localhost:5000": False,
    "ws://localhost:5000": False,
    "ftp://localhost:5000": False,
    "chrome-extension://localhost:5000": False,
    "javascript:alert(1)": False,
    "data:text/html,x": False,
    "about:blank": False,
    "http://xn--lcalhost-54a:5000": False,
    "http://evil.example": False,
    "http://evil.example:5000": False,
    "http://localhost%2eevil.example:5000": False,
    "http://localhost:5000\\.evil.example": False,
}

# What a request's own address says, and an origin that is the same.
ADDRESSES = [
    ("example.org", False, "http://example.org", True),
    ("example.org", False, "http://example.org:80", True),
    ("example.org:80", False, "http://example.org", True),
    ("example.org:", False, "http://example.org", True),
    ("EXAMPLE.org", False, "http://example.ORG", True),
    ("example.org", True, "https://example.org", True),
    ("example.org:443", True, "https://example.org", True),
    ("example.org", True, "http://example.org", False),
    ("example.org", False, "https://example.org", False),
    ("example.org:443", False, "https://example.org", False),
    ("[::1]:5000", False, "http://[::1]:5000", True),
    ("[::1]", False, "http://[::1]", True),
    ("[::1]", False, "http://[::1]:80", True),
    ("[::1]", False, "http://[::1]:81", False),
    ("[::1]:1", False, "http://[::1:1]", False),
    ("", False, "http://", False),
    ("", False, "http://example.org", False),
]
LISTED = "https://app.example"


def outcomes(noting: NotingEngine, headers: dict[str, str], **more: Any) -> set[int]:
    """The status over polling and over WebSocket, which must not differ in what is refused."""
    polling = MemoryRequest(headers=headers, **more)
    noting.engine.handle(polling)
    upgrading = MemoryRequest.upgrading(headers=headers, **more)
    noting.engine.handle(upgrading)
    gevent.sleep(0)
    gevent.sleep(0)
    assert polling.response is not None
    if upgrading.websocket is not None:
        upgrading.websocket.close()
        assert polling.response.status == 200
    else:
        assert upgrading.response is not None
        assert upgrading.response.status == 400
        assert polling.response.status in (400, 403)
    return {polling.response.status}


def test_the_table_is_long_enough() -> None:
    assert len(SAME_ORIGIN) + len(ADDRESSES) > 75


@pytest.mark.parametrize("origin", SAME_ORIGIN)
def test_by_default_the_own_origin_only(make: Make, origin: str) -> None:
    accepted = outcomes(make(), {"origin": origin}) == {200}
    assert accepted is SAME_ORIGIN[origin]


@pytest.mark.parametrize(("host", "secure", "origin", "accepted"), ADDRESSES)
def test_what_the_own_origin_is(make: Make, host: str, secure: bool, origin: str, accepted: bool) -> None:
    assert (outcomes(make(), {"origin": origin, "host": host}, secure=secure) == {200}) is accepted


def test_without_an_origin_nobody_is_held_up(make: Make) -> None:
    assert outcomes(make(), {}) == {200}
    assert outcomes(make(), {"origin": ""}) == {200}


def test_forwarded_hosts_are_not_believed(make: Make) -> None:
    noting = make()
    for name in ("x-forwarded-host", "forwarded", "x-original-host"):
        assert outcomes(noting, {"origin": "http://evil.example", name: "evil.example"}) == {403}
    assert outcomes(noting, {"origin": "https://localhost:5000", "x-forwarded-proto": "https"}) == {403}


@pytest.mark.parametrize("origin", ["http://a\r\nX: y", "http://a\x00", "http://\xe4", "http://a\x7f", "\x01"])
def test_an_origin_that_is_no_text_for_a_header(make: Make, origin: str) -> None:
    for allowed in (None, "*", lambda origin, environ: True):
        assert outcomes(make(cors_allowed_origins=allowed), {"origin": origin}) == {400}


@pytest.mark.parametrize("origin", SAME_ORIGIN)
def test_a_list(make: Make, origin: str) -> None:
    noting = make(cors_allowed_origins=[LISTED, "http://[::1]:8080"])
    assert (outcomes(noting, {"origin": origin}) == {200}) is SAME_ORIGIN[origin]


def test_a_list_takes_its_members_exactly(make: Make) -> None:
    noting = make(cors_allowed_origins=[LISTED, "http://[::1]:8080", "http://B.example:81", "null"])
    for origin in (LISTED, LISTED.upper(), "http://[::1]:8080", "http://b.example:81", "null"):
        assert outcomes(noting, {"origin": origin}) == {200}
    for origin in ("http://app.example", LISTED + ":444", LISTED + ".evil.example", "https://x.app.example",
                   "https://appXexample", "http://[::1]:8081", "http://b.example", "file://"):  # fmt: skip
        assert outcomes(noting, {"origin": origin}) == {403}


def test_a_function(make: Make) -> None:
    asked: list[tuple[str, str]] = []

    def allowed(origin: str, environ: dict[str, Any]) -> bool:
        asked.append((origin, environ["QUERY_STRING"]))
        gevent.sleep(0.001)  # it may block
        return origin.endswith(".example")

    noting = make(cors_allowed_origins=allowed)
    for origin, status in (("https://a.example", 200), ("https://a.test", 403)):
        request = MemoryRequest(headers={"origin": origin})
        noting.engine.handle(request)
        gevent.sleep(0.01)
        assert request.response is not None
        assert request.response.status == status
    assert asked[0] == ("https://a.example", "EIO=4&transport=polling")


@pytest.mark.parametrize("error", [ValueError("of the application"), gevent.Timeout(1)])
def test_a_function_that_raises_refuses(make: Make, error: BaseException, caplog: pytest.LogCaptureFixture) -> None:
    def allowed(origin: str, environ: dict[str, Any]) -> bool:
        raise error

    assert outcomes(make(cors_allowed_origins=allowed), {"origin": "https://a.example"}) == {403}
    assert "cors_allowed_origins failed" in caplog.text


def test_what_the_browser_is_told(serve: Make) -> None:
    noting = serve(cors_allowed_origins=[LISTED], cors_credentials=True)
    origin = [("Origin", LISTED)]
    answers = [
        ask(noting.address, "GET", POLLING, origin),
        ask(noting.address, "GET", POLLING + "&sid=nobody", origin),
        ask(noting.address, "GET", POLLING.replace("EIO=4", "EIO=3"), origin),
        ask(noting.address, "GET", WEBSOCKET, [*origin, *WEBSOCKET_HEADERS]),
        ask(noting.address, "POST", f"{POLLING}&sid={noting.clients[0].session.id}", origin, b"4a"),
        ask(noting.address, "POST", f"{POLLING}&sid={noting.clients[0].session.id}", origin, b"9"),
    ]
    assert [answer.status for answer in answers] == [200, 400, 400, 101, 200, 400]
    for answer in answers:
        assert answer.headers["access-control-allow-origin"] == LISTED
        assert answer.headers["access-control-allow-credentials"] == "true"
        assert answer.headers["vary"] == "Origin"
    refused = ask(noting.address, "GET", POLLING, [("Origin", "https://evil.example")])
    assert refused.status == 403
    assert refused.text == '{"code":4,"message":"Origin not allowed"}'
    assert "access-control-allow-origin" not in refused.headers


def test_any_origin(serve: Make) -> None:
    noting = serve(cors_allowed_origins="*")
    answer = ask(noting.address, "GET", POLLING, [("Origin", "null")])
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "access-control-allow-credentials" not in answer.headers
    assert "access-control-allow-origin" not in ask(noting.address, "GET", POLLING).headers


def test_preflight(serve: Make) -> None:
    noting = serve(cors_allowed_origins=LISTED)
    asking = [("Origin", LISTED), ("Access-Control-Request-Headers", "x-token, content-type")]
    for target in (POLLING, POLLING + "&sid=any"):
        answer = ask(noting.address, "OPTIONS", target, asking)
        assert (answer.status, answer.body) == (204, b"")
        assert answer.headers["access-control-allow-origin"] == LISTED
        assert answer.headers["access-control-allow-methods"] == "GET,POST,OPTIONS"
        assert answer.headers["access-control-allow-headers"] == "x-token, content-type"
    answer = ask(noting.address, "OPTIONS", POLLING, [("Origin", LISTED)])
    assert "access-control-allow-headers" not in answer.headers
    assert ask(noting.address, "OPTIONS", POLLING, [("Origin", "https://evil.example")]).status == 403
    request = MemoryRequest(
        "OPTIONS", headers={"origin": LISTED, "access-control-request-headers": "x\r\nSet-Cookie: a=b"}
    )
    noting.engine.handle(request)
    assert request.response is not None
    assert not any("Set-Cookie" in value for _, value in request.response.headers)


def test_a_refused_origin_is_told_to_the_operator_once(make: Make, caplog: pytest.LogCaptureFixture) -> None:
    noting = make()
    for _ in range(5):
        outcomes(noting, {"origin": "https://app.example"})
    warnings = [record for record in caplog.records if record.levelname == "WARNING"]
    assert len(warnings) == 1
    assert "add 'https://app.example' to cors_allowed_origins" in warnings[0].getMessage()
