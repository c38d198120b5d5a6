"""Every answer of the engine to a request, right or wrong."""

import itertools
import json
import logging
import re

import gevent
import pytest

from geventio.engineio.request import parse_query
from geventio.engineio.state import State

from .client import (
    POLLING,
    WEBSOCKET,
    WEBSOCKET_HEADERS,
    HTTPClient,
    WebSocketClient,
    ask,
    open_session,
    request_head,
)
from .conftest import Make
from .memory import MemoryRequest

ODD_SIDS = ["", "__proto__", "__class__", "constructor", "[]", "1", "0", "null", "*", "%00", "%ff", "x" * 4000, "..%2F",
            "abc%0aERROR forged line".replace(" ", "%20"), "%ED%A0%80"]  # fmt: skip


def test_handshake_over_polling(serve: Make) -> None:
    noting = serve()
    answer = ask(noting.address, "GET", POLLING)
    assert answer.status == 200
    assert answer.text[0] == "0"
    content = json.loads(answer.text[1:])
    assert list(content) == ["sid", "upgrades", "pingInterval", "pingTimeout", "maxPayload"]
    assert re.fullmatch(r"[A-Za-z0-9_-]{20}", content.pop("sid"))
    assert content == {"upgrades": ["websocket"], "pingInterval": 25000, "pingTimeout": 20000, "maxPayload": 1000000}
    assert answer.headers["content-type"] == "text/plain; charset=UTF-8"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "set-cookie" not in answer.headers
    assert noting.last.session.request.query["transport"] == "polling"


def test_handshake_over_websocket(serve: Make) -> None:
    noting = serve(ping_interval=0.3, ping_timeout=0.2, max_http_buffer_size=1e6)
    client = WebSocketClient.connect(noting.address)
    assert client.handshake is not None
    assert client.handshake.status == 101
    assert client.handshake.headers["sec-websocket-accept"] == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
    content = client.receive_open()
    assert content["upgrades"] == []
    assert (content["pingInterval"], content["pingTimeout"], content["maxPayload"]) == (300, 200, 1000000)
    client.close()
    assert noting.closed() == ("transport close", "")


def test_session_ids_never_repeat(make: Make) -> None:
    noting = make()
    for _ in range(500):
        noting.engine.handle(MemoryRequest())
    assert len(noting.engine.sessions) == 500
    assert len({sid[:8] for sid in noting.engine.sessions}) == 500
    assert len({sid[-8:] for sid in noting.engine.sessions}) == 500


@pytest.mark.parametrize(
    ("method", "query", "code"),
    [
        ("GET", "EIO=4", 0),
        ("GET", "EIO=4&transport=", 0),
        ("GET", "EIO=4&transport=abc", 0),
        ("GET", "EIO=4&transport=webtransport", 0),
        ("GET", "EIO=4&transport=__class__", 0),
        ("POST", "EIO=4&transport=polling", 2),
        ("HEAD", "EIO=4&transport=polling", 2),
        ("PUT", "EIO=4&transport=polling", 2),
        ("OPTIONS", "EIO=4&transport=polling", 2),
        ("GET", "EIO=4&transport=websocket", 3),
        *(("GET", f"EIO=4&transport=polling&sid={sid}", 1) for sid in ODD_SIDS),
        *(("POST", f"EIO=4&transport=polling&sid={sid}", 1) for sid in ODD_SIDS[:3]),
    ],
)
def test_refused(make: Make, method: str, query: str, code: int) -> None:
    messages = ["Transport unknown", "Session ID unknown", "Bad handshake method", "Bad request"]
    noting = make()
    request = MemoryRequest(method, query)
    noting.engine.handle(request)
    assert request.response is not None
    assert request.response.status == 400
    assert json.loads(request.response.body) == {"code": code, "message": messages[code]}
    assert ("Content-Type", "application/json") in request.response.headers
    assert noting.engine.sessions == {}
    upgrading = MemoryRequest.upgrading(query)
    if code not in (2, 3):
        noting.engine.handle(upgrading)
        assert upgrading.response is not None
        assert upgrading.response.status == 400
        assert upgrading.response.body.decode() == messages[code]


def test_refusals_over_http(serve: Make, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "geventio")
    noting = serve()
    assert ask(noting.address, "GET", POLLING.replace("polling", "abc")).text == (
        '{"code":0,"message":"Transport unknown"}'
    )
    for sid in ODD_SIDS:
        answer = ask(noting.address, "GET", f"{POLLING}&sid={sid}")
        assert (answer.status, answer.text) == (400, '{"code":1,"message":"Session ID unknown"}')
    answer = ask(noting.address, "GET", f"{WEBSOCKET}&sid=nobody", WEBSOCKET_HEADERS)
    assert (answer.status, answer.text, answer.headers["connection"]) == (400, "Session ID unknown", "close")
    assert ask(noting.address, "GET", "/engine.io/?" + "a=1&" * 101).status == 400
    assert ask(noting.address, "GET", "/elsewhere").status == 404
    assert not any("ERROR forged line" in record.getMessage() for record in caplog.records)
    assert noting.engine.sessions == {}


def test_the_last_of_repeated_values_counts(make: Make) -> None:
    noting = make()
    request = MemoryRequest("GET", "EIO=3&transport=abc&EIO=4&transport=polling&t=x&&plus+sign=%2B")
    noting.engine.handle(request)
    gevent.sleep(0)
    assert request.response is not None
    assert request.response.status == 200
    assert noting.last.session.request.query["plus sign"] == "+"
    with pytest.raises(ValueError, match="too many"):
        parse_query("a&" * 101)


def test_a_transport_that_is_switched_off(make: Make) -> None:
    noting = make(transports=["websocket"])
    request = MemoryRequest()
    noting.engine.handle(request)
    assert request.response is not None
    assert b'"code":0' in request.response.body
    noting = make(transports=["polling"])
    request = MemoryRequest()
    noting.engine.handle(request)
    gevent.sleep(0)
    assert request.response is not None
    assert b'"upgrades":[]' in request.response.body
    upgrading = MemoryRequest.upgrading(f"EIO=4&transport=websocket&sid={noting.last.session.id}")
    noting.engine.handle(upgrading)
    assert upgrading.response is not None
    assert upgrading.response.body == b"Transport unknown"


def test_upgrades_that_are_switched_off_or_impossible(make: Make) -> None:
    for noting, possible in ((make(allow_upgrades=False), True), (make(), False)):
        request = MemoryRequest(websocket_possible=possible)
        noting.engine.handle(request)
        gevent.sleep(0)
        assert request.response is not None
        assert b'"upgrades":[]' in request.response.body
        sid = noting.last.session.id
        upgrading = MemoryRequest.upgrading(f"EIO=4&transport=websocket&sid={sid}", websocket_possible=possible)
        noting.engine.handle(upgrading)
        assert upgrading.response is not None
        assert upgrading.response.status == 400
        assert noting.last.session.state is State.OPEN
    request = MemoryRequest.upgrading(websocket_possible=False)
    noting.engine.handle(request)
    assert request.response is not None
    assert request.response.body == b"This server cannot take WebSocket connections"


def test_every_combination_is_answered_once_and_never_with_a_fault(make: Make) -> None:
    noting = make()
    noting.engine.handle(MemoryRequest())
    known = noting.last.session.id
    statuses = set()
    for method, transport, eio, sid, upgrade in itertools.product(
        ("GET", "POST", "OPTIONS", "HEAD", "DELETE"),
        ("", "transport=polling", "transport=websocket", "transport=webtransport", "transport=__proto__"),
        ("", "EIO=4", "EIO=3", "EIO=%00"),
        ("", "sid=", "sid=nobody", f"sid={known}x"),
        (False, True),
    ):
        query = "&".join(part for part in (transport, eio, sid) if part)
        request = MemoryRequest.upgrading(query) if upgrade else MemoryRequest(query=query)
        request.method = method
        noting.engine.handle(request)
        gevent.sleep(0)
        assert (request.response is None) == (request.websocket is not None)
        if request.response is not None:
            statuses.add(request.response.status)
        if request.websocket is not None:
            request.websocket.close()
    assert statuses <= {200, 400, 405}
    assert noting.clients[0].session.state is State.OPEN


def test_wrong_use_of_a_session_leaves_it_alone(serve: Make) -> None:
    noting = serve()
    sid = open_session(noting.address)
    for method, target in (
        ("DELETE", f"{POLLING}&sid={sid}"),
        ("GET", f"{WEBSOCKET}&sid={sid}"),
        ("POST", f"{WEBSOCKET}&sid={sid}"),
        ("GET", f"/engine.io/?EIO=3&transport=polling&sid={sid}"),
        ("GET", f"/engine.io/?transport=polling&sid={sid}"),
    ):
        answer = ask(noting.address, method, target)
        assert (answer.status, answer.text) == (400, '{"code":3,"message":"Bad request"}')
    for eio in ("EIO=3&", "", "EIO=4&EIO=3&"):
        answer = ask(noting.address, "GET", f"/engine.io/?{eio}transport=websocket&sid={sid}", WEBSOCKET_HEADERS)
        assert (answer.status, answer.text) == (400, "Bad request")
    assert ask(noting.address, "POST", f"{POLLING}&sid={sid}", body=b"4still").text == "ok"
    assert noting.last.messages == ["still"]


@pytest.mark.parametrize(
    ("replace", "status"),
    [
        ({"Sec-WebSocket-Version": "12"}, 426),
        ({"Sec-WebSocket-Key": "short"}, 400),
        ({"Connection": "keep-alive"}, 400),
        ({"Content-Length": "5"}, 400),
    ],
)
def test_malformed_websocket_handshakes(serve: Make, replace: dict[str, str], status: int) -> None:
    noting = serve()
    sid = open_session(noting.address)
    headers = list({**dict(WEBSOCKET_HEADERS), **replace}.items())
    for target in (WEBSOCKET, f"{WEBSOCKET}&sid={sid}"):
        client = HTTPClient(noting.address)
        client.connection.sock.sendall(request_head("GET", target, headers))
        assert client.receive().status == status
        client.close()
    assert list(noting.engine.sessions) == [sid]
