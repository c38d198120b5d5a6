"""Clients of Engine.IO 3 beside current ones: payloads, frames, heartbeat, upgrade, and what must not be mixed."""

import json
from typing import Any

import gevent
import pytest

from geventio.engineio.prepared import PreparedMessages
from tests.runtime.sockets import wait_for

from .client import WebSocketClient, ask
from .conftest import Make, NotingEngine
from .memory import MemoryRequest

POLLING = "EIO=3&transport=polling"
WEBSOCKET = "/engine.io/?EIO=3&transport=websocket"
BINARY = {"content-type": "application/octet-stream"}


def answer(noting: NotingEngine, query: str, headers: Any = None) -> tuple[str, bytes]:
    """What a GET gets in this turn: Content-Type and body."""
    request = MemoryRequest(query=query, headers=headers)
    noting.engine.handle(request)
    gevent.sleep(0)
    assert request.response is not None
    assert request.response.status == 200
    return dict(request.response.headers)["Content-Type"], request.response.body


def post(noting: NotingEngine, query: str, body: bytes, headers: Any = None) -> int:
    request = MemoryRequest("POST", query, headers, body)
    noting.engine.handle(request)
    assert request.response is not None
    return request.response.status


def open_polling(noting: NotingEngine, more: str = "") -> str:
    """A session: the query that names it."""
    kind, body = answer(noting, POLLING + more)
    assert kind == "text/plain; charset=UTF-8"
    length, _, packet = body.decode().partition(":")
    assert int(length) == len(packet)
    opened = json.loads(packet[1:])
    assert packet[0] == "0"
    assert list(opened) == ["sid", "upgrades", "pingInterval", "pingTimeout", "maxPayload"]
    assert opened["upgrades"] == ["websocket"]
    assert noting.last.session.protocol == 3
    return f"{POLLING}&sid={opened['sid']}"


def test_string_payloads_both_ways(make: Make) -> None:
    noting = make(allow_eio3=True)
    query = open_polling(noting, "&b64=1")
    assert post(noting, query, "3:4😀0:2:4€10:b4AQIDBA==1:4".encode()) == 200
    assert noting.last.messages == ["😀", "€", b"\x01\x02\x03\x04", ""]
    for message in ("😀", "€", b"\x01\x02\x03\x04", ""):
        noting.last.session.send(message)
    assert answer(noting, query)[1].decode() == "3:4😀2:4€10:b4AQIDBA==1:4"
    assert noting.last.session.buffered == 0


def test_binary_payloads_both_ways(make: Make) -> None:
    noting = make(allow_eio3=True)
    query = open_polling(noting)
    noting.last.session.send("€")
    assert answer(noting, query) == ("text/plain; charset=UTF-8", "2:4€".encode())  # nothing binary in it
    noting.last.session.send("€")
    noting.last.session.send(b"\x01\x02\x03\x04")
    body = bytes.fromhex("0004ff34e282ac0105ff0401020304")
    assert answer(noting, query) == ("application/octet-stream", body)
    assert post(noting, query, body, BINARY) == 200
    assert post(noting, query, b"2:4x", {"content-type": "text/plain"}) == 200
    assert noting.last.messages == ["€", b"\x01\x02\x03\x04", "x"]


def test_control_packets_in_a_binary_response(make: Make) -> None:
    noting = make(allow_eio3=True)
    query = open_polling(noting)
    post(noting, query, b"1:2")
    noting.last.session.send(b"\xff")
    assert answer(noting, query)[1] == b"\x00\x01\xff3\x01\x02\xff\x04\xff"


def test_websocket_frames(serve: Make) -> None:
    noting = serve(allow_eio3=True)
    noting.echo = True
    client = WebSocketClient.connect(noting.address, WEBSOCKET)
    assert client.receive_open()["upgrades"] == []
    for message in ("4hällo", b"\x04\x01\x02", "4", b"\x04"):
        client.send(message)
        assert client.receive() == message
    client.send("b4AQI=")
    assert client.receive() == b"\x04\x01\x02"
    assert noting.last.messages == ["hällo", b"\x01\x02", "", b"", b"\x01\x02"]
    session = noting.last.session
    client.close()
    assert noting.closed() == ("transport close", "")
    session.send("nobody hears it")
    text_only = WebSocketClient.connect(noting.address, f"{WEBSOCKET}&b64=1")
    text_only.receive_open()
    text_only.send(b"\x04\x01\x02")
    assert text_only.receive() == "b4AQI="
    text_only.close()


def test_one_message_for_clients_of_both_revisions(serve: Make) -> None:
    noting = serve(allow_eio3=True)
    clients = {}
    for revision in ("3", "4"):
        for more in ("", "&b64=1"):
            client = WebSocketClient.connect(noting.address, f"/engine.io/?EIO={revision}&transport=websocket{more}")
            client.receive_open()
            clients[revision + more] = client
    older, older_base64, current, current_base64 = [client.session for client in noting.clients]
    queries = []
    for revision in ("3", "4"):
        noting.engine.handle(MemoryRequest(query=f"EIO={revision}&transport=polling"))
        gevent.sleep(0)
        queries.append(f"EIO={revision}&transport=polling&sid={noting.last.session.id}")
    polling = [client.session for client in noting.clients[-2:]]
    text = PreparedMessages(["€"])
    attached = PreparedMessages(['51-["x",{"_placeholder":true,"num":0}]', b"\x01"])
    for prepared in (text, attached):
        for session in (older, older_base64, current, current_base64, *polling):
            session.send_prepared(prepared)
    for client in clients.values():
        assert client.receive() == "4€"
        assert client.receive() == '451-["x",{"_placeholder":true,"num":0}]'
    assert [client.receive() for client in clients.values()] == [b"\x04\x01", "b4AQ==", b"\x01", "bAQ=="]
    assert answer(noting, queries[0])[1].startswith(b"\0\4\xff4\xe2\x82\xac\0")
    assert answer(noting, queries[1])[1].decode() == '4€\x1e451-["x",{"_placeholder":true,"num":0}]\x1ebAQ=='
    # Each form was made once: whoever asks again gets the same object.
    again = attached.revision3
    assert again is not None
    older.send_prepared(attached)
    assert attached.revision3 is again
    assert again.frames() is again.frames()
    assert again.binary_payload() is again.binary_payload()
    assert again.payload() is again.payload()
    assert again.base64_frames() is again.base64_frames()


def test_the_client_sends_the_heartbeat(serve: Make) -> None:
    noting = serve(allow_eio3=True, ping_interval=0.1, ping_timeout=0.15)
    client = WebSocketClient.connect(noting.address, WEBSOCKET)
    client.receive_open()
    for ping in ("2", "2data", "2"):  # for longer than interval and timeout together
        gevent.sleep(0.15)
        client.send(ping)
        assert client.receive() == "3"
    client.send("4other traffic is no sign of life")
    assert client.close_code() == 1005
    assert noting.closed() == ("ping timeout", "")
    client.close()


def test_only_pings_count(make: Make) -> None:
    noting = make(allow_eio3=True)
    query = open_polling(noting)
    session = noting.last.session
    deadline = session._timer
    post(noting, query, b"2:4a1:61:5")
    assert session._timer is deadline
    post(noting, query, b"1:27:2probex")
    assert session._timer is not deadline
    assert answer(noting, query)[1] == b"1:3"  # of pings that wait together the last is answered
    session._timer.expire()
    assert noting.last.closed == [("ping timeout", "")]


@pytest.mark.parametrize("pong", [b"1:3", b"6:3probe"])
def test_a_pong_of_the_client_is_fatal(make: Make, pong: bytes) -> None:
    noting = make(allow_eio3=True)
    query = open_polling(noting)
    assert post(noting, query, pong) == 200
    assert noting.closed() == ("transport error", "invalid heartbeat direction")


def test_a_ping_of_a_current_client_stays_fatal(make: Make) -> None:
    noting = make(allow_eio3=True)
    noting.engine.handle(MemoryRequest())
    gevent.sleep(0)
    assert noting.last.session.protocol == 4
    post(noting, f"EIO=4&transport=polling&sid={noting.last.session.id}", b"2")
    assert noting.closed() == ("transport error", "invalid heartbeat direction")


def test_upgrade(serve: Make) -> None:
    noting = serve(allow_eio3=True)
    query = open_polling(noting)
    session = noting.last.session
    poll = MemoryRequest(query=query)
    noting.engine.handle(poll)
    client = WebSocketClient.connect(noting.address, f"{WEBSOCKET}&sid={session.id}")
    client.send("2probe")
    assert client.receive() == "3probe"
    wait_for(lambda: poll.response is not None)
    assert poll.response is not None
    assert poll.response.body == b"1:6"
    for message in ("a", b"b"):
        session.send(message)
    client.send("5")
    assert client.receive() == "4a"
    assert client.receive() == b"\x04b"
    session.send(b"c")
    assert client.receive() == b"\x04c"
    client.send("2")
    assert client.receive() == "3"
    client.send(b"\x04d")
    wait_for(lambda: noting.last.messages == [b"d"])
    client.close()


def test_events_of_the_session(serve: Make) -> None:
    noting = serve(allow_eio3=True)
    seen: list[Any] = []
    query = open_polling(noting)
    session = noting.last.session
    session.on("packet_create", lambda *packet: seen.append(("sent", *packet)))
    session.on("packet", lambda *packet: seen.append(("received", *packet)))
    post(noting, query, b"1:2")
    session.send(b"a")
    client = WebSocketClient.connect(noting.address, f"{WEBSOCKET}&sid={session.id}")
    client.send("2probe")
    assert client.receive() == "3probe"
    client.send("5")
    assert client.receive() == "3"
    assert client.receive() == b"\x04a"
    session.send(b"b")
    assert client.receive() == b"\x04b"
    client.send(b"\x04c")
    wait_for(lambda: len(seen) == 5)
    assert seen == [("received", "ping", ""), ("sent", "pong", ""), ("sent", "message", b"a"),
                    ("sent", "message", b"b"), ("received", "message", b"c")]  # fmt: skip
    client.close()


@pytest.mark.parametrize(
    "body",
    [b"", b"4a", b"9:4hi", b"x:4a", b"2:4a3:4b", b"1:9", b"3:bAQ", b"2:4\xff", "2:4😀".encode(), b"4a\x1e4b", b"-1:4",
     b"1" * 900],
)  # fmt: skip
def test_bad_payloads(make: Make, body: bytes) -> None:
    noting = make(allow_eio3=True)
    query = open_polling(noting)
    assert post(noting, query, body) == 400
    assert noting.closed()[0] == "parse error"


@pytest.mark.parametrize("body", [b"2:4a", b"\x00\xff", b"\x00\x05\xff4a", b"\x01\x02\xff\x02a", b"\x00\x01" * 500])
def test_bad_binary_payloads(make: Make, body: bytes) -> None:
    noting = make(allow_eio3=True)
    query = open_polling(noting)
    assert post(noting, query, body, BINARY) == 400
    assert noting.closed()[0] == "parse error"


def test_what_comes_before_a_bad_packet_is_delivered(make: Make) -> None:
    noting = make(allow_eio3=True)
    query = open_polling(noting)
    assert post(noting, query, b"2:4a2:4b9:4c") == 400
    assert noting.last.messages == ["a", "b"]


def test_the_size_of_a_body(make: Make) -> None:
    noting = make(allow_eio3=True, max_http_buffer_size=100)
    query = open_polling(noting)
    assert post(noting, query, b"97:4" + b"x" * 97) == 413
    assert post(noting, query, b"97:4" + b"x" * 96) == 200
    assert post(noting, query, b"\x01\x09\x07\xff\x04" + b"x" * 96, BINARY) == 413
    assert post(noting, query, b"\x01\x09\x06\xff\x04" + b"x" * 95, BINARY) == 200
    assert noting.last.messages == ["x" * 96, b"x" * 95]


@pytest.mark.parametrize("frame", [b"", b"\x00", b"\x02probe", "b", "bAQI=", "7", "b2AQI="])
def test_bad_frames(serve: Make, frame: str | bytes) -> None:
    noting = serve(allow_eio3=True)
    client = WebSocketClient.connect(noting.address, WEBSOCKET)
    client.receive_open()
    client.send(frame)
    assert client.close_code() == 1005
    assert noting.closed()[0] == "parse error"
    client.close()


@pytest.mark.parametrize("version", ["3", "", "2", "abc", "44", "4 "])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_session_keeps_its_revision(make: Make, version: str, method: str) -> None:
    noting = make(allow_eio3=True)
    older = open_polling(noting)
    noting.engine.handle(MemoryRequest())
    gevent.sleep(0)
    current = f"transport=polling&sid={noting.last.session.id}"
    for query in (f"EIO={version}&{current}", current, older.replace("EIO=3", "EIO=4"), f"{older}&EIO=4"):
        for build in (MemoryRequest, MemoryRequest.upgrading):
            request = build(method, query) if build is MemoryRequest else MemoryRequest.upgrading(query)
            noting.engine.handle(request)
            assert request.response is not None
            assert request.response.status == 400
            if build is MemoryRequest:
                assert json.loads(request.response.body) == {"code": 3, "message": "Bad request"}
    assert [client.closed for client in noting.clients] == [[], []]
    noting.clients[0].session.send("a")
    assert answer(noting, older.replace("EIO=3", f"EIO={version}"))[1] == b"2:4a"  # anything but 4 means 3


@pytest.mark.parametrize("version", ["EIO=3&", "", "EIO=abc&", "EIO=4&EIO=3&", "EIO=&"])
def test_what_is_taken_for_revision_3(make: Make, version: str) -> None:
    noting = make(allow_eio3=True)
    body = answer(noting, f"{version}transport=polling")[1]
    assert body.partition(b":")[2].startswith(b'0{"sid":')
    assert noting.last.session.protocol == 3


def test_jsonp_is_refused(make: Make, caplog: pytest.LogCaptureFixture) -> None:
    noting = make(allow_eio3=True)
    for _ in range(2):
        request = MemoryRequest(query=f"{POLLING}&j=0&b64=1")
        noting.engine.handle(request)
        assert request.response is not None
        assert request.response.status == 400
        reply = json.loads(request.response.body)
        assert (reply["code"], reply["message"]) == (3, "Bad request")
        assert "JSONP" in reply["advice"]
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert noting.engine.sessions == {}


@pytest.mark.parametrize("query", ["EIO=3&transport=polling", "transport=polling", "EIO=4&EIO=abc&transport=polling"])
def test_without_the_option_older_clients_are_told_what_to_change(
    make: Make, caplog: pytest.LogCaptureFixture, query: str
) -> None:
    noting = make()
    for _ in range(3):
        request = MemoryRequest(query=query)
        noting.engine.handle(request)
        assert request.response is not None
        assert request.response.status == 400
        assert ("Content-Type", "application/json") in request.response.headers
        reply = json.loads(request.response.body)
        assert (reply.pop("code"), reply.pop("message")) == (5, "Unsupported protocol version")
        assert list(reply) == ["advice"]
        assert "Socket.IO clients 3 and 4" in reply["advice"]
        assert "allow_eio3=True" in reply["advice"]
    (record,) = caplog.records
    assert record.levelname == "WARNING"
    assert reply["advice"] in record.getMessage()
    assert noting.engine.sessions == {}


def test_without_the_option_a_websocket_is_refused_before_it_is_accepted(serve: Make) -> None:
    noting = serve()
    client = WebSocketClient.connect(noting.address, WEBSOCKET)
    assert client.handshake is not None
    assert client.handshake.status == 400
    assert client.handshake.text.startswith("Unsupported protocol version. ")
    assert "allow_eio3=True" in client.handshake.text
    client.close()


def test_over_http(serve: Make) -> None:
    noting = serve(allow_eio3=True)
    opened = ask(noting.address, "GET", f"/engine.io/?{POLLING}&b64=1")
    query = f"/engine.io/?{POLLING}&sid={json.loads(opened.text.partition(':0')[2])['sid']}"
    noting.echo = True
    assert ask(noting.address, "POST", query, [("Content-Type", "text/plain;charset=UTF-8")], b"2:4a").text == "ok"
    headers = [("Content-Type", "application/octet-stream")]
    assert ask(noting.address, "POST", query, headers, b"\x01\x02\xff\x04b").text == "ok"
    assert ask(noting.address, "GET", query).text == "2:4a6:b4Yg=="
    assert ask(noting.address, "POST", query, body=b"1:1").text == "ok"
    assert noting.closed() == ("transport close", "")


def test_large_responses_are_compressed(make: Make) -> None:
    noting = make(allow_eio3=True)
    query = open_polling(noting)
    noting.last.session.send(b"x" * 2000)
    request = MemoryRequest(query=query, headers={"accept-encoding": "gzip"})
    noting.engine.handle(request)
    gevent.sleep(0)
    assert request.response is not None
    assert ("Content-Encoding", "gzip") in request.response.headers
    assert ("Content-Type", "application/octet-stream") in request.response.headers
    assert len(request.response.body) < 200
