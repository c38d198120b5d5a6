"""What an application may say of a session's beginning: its id, its first message, and under which path."""

import json
from collections.abc import Iterator
from typing import Any

import gevent
import pytest

from geventio.engineio.engine import Engine

from .client import POLLING, WEBSOCKET, WEBSOCKET_HEADERS, HTTPClient, WebSocketClient, ask, open_session
from .conftest import Make
from .doors import DOORS, opened


@pytest.mark.parametrize("door", DOORS)
def test_an_id_of_the_application(door: str) -> None:
    numbers = iter(range(100))

    def generate(environ: dict[str, Any]) -> str:
        gevent.sleep(0.001)  # may block
        return f"{environ['HTTP_X_SHARD']}.session~{next(numbers)}"

    engine = Engine(generate_id=generate, cookie=True)
    shard = [("X-Shard", "a-7")]
    with opened(door, engine) as address:
        answer = ask(address, "GET", POLLING, shard)
        assert json.loads(answer.text[1:])["sid"] == "a-7.session~0"
        assert answer.headers["set-cookie"].startswith("io=a-7.session~0;")
        target = f"{POLLING}&sid=a-7.session~0"
        assert ask(address, "POST", target, body=b"4a").text == "ok"  # asked at handshakes alone
        websocket = WebSocketClient.connect(address, headers=shard)
        assert websocket.receive_open()["sid"] == "a-7.session~1"
        assert sorted(engine.sessions) == ["a-7.session~0", "a-7.session~1"]
        assert engine.clients_count == 2
        websocket.close()


@pytest.mark.parametrize(
    ("returned", "problem"),
    [
        (None, "NoneType"), (12345678, "int"), (b"12345678", "bytes"), ("", "8 to 128"), ("short", "8 to 128"),
        ("x" * 129, "8 to 128"), ("with a space", "8 to 128"), ("line\nbreaks", "8 to 128"),
        ("a&b=c&sid=d", "8 to 128"),
        ("semicolon;;", "8 to 128"), ("\u00e4" * 8, "8 to 128"), ("trailing\n", "8 to 128"),
        ("%41%41%41%41", "8 to 128"),
        (ValueError("secret"), "generate_id failed"), (gevent.Timeout(1), "generate_id failed"),
    ],
)  # fmt: skip
def test_what_is_no_id(serve: Make, returned: Any, problem: str, caplog: pytest.LogCaptureFixture) -> None:
    def generate(environ: dict[str, Any]) -> Any:
        if isinstance(returned, BaseException):
            raise returned
        return returned

    noting = serve(generate_id=generate)
    for target, headers in ((POLLING, ()), (WEBSOCKET, WEBSOCKET_HEADERS)):
        answer = ask(noting.address, "GET", target, headers)
        assert answer.status == 400
        assert "Bad request" in answer.text
        assert not headers or answer.text == "Bad request"
    assert noting.engine.sessions == {}
    assert noting.clients == []
    assert problem in caplog.text
    assert isinstance(returned, BaseException) or len(str(returned)) < 8 or str(returned) not in caplog.text


def test_an_id_in_use(serve: Make, caplog: pytest.LogCaptureFixture) -> None:
    noting = serve(generate_id=lambda environ: "the-same-for-all")
    assert open_session(noting.address) == "the-same-for-all"
    first = noting.last.session
    assert json.loads(ask(noting.address, "GET", POLLING).text) == {"code": 3, "message": "Bad request"}
    assert ask(noting.address, "GET", WEBSOCKET, WEBSOCKET_HEADERS).status == 400
    assert list(noting.engine.sessions.values()) == [first]
    assert "the id of another session" in caplog.text
    assert "the-same-for-all" not in caplog.text  # it is a secret
    first.close()
    ask(noting.address, "GET", f"{POLLING}&sid=the-same-for-all")
    assert open_session(noting.address) == "the-same-for-all"


@pytest.mark.parametrize("packet", ["h\u00e9llo", b"\x01\x02", ""])
def test_an_initial_packet(serve: Make, packet: str | bytes) -> None:
    noting = serve(initial_packet=packet)
    answer = ask(noting.address, "GET", POLLING)
    opening, _, message = answer.text.partition("\x1e")
    assert json.loads(opening[1:])["upgrades"] == ["websocket"]
    assert message == ("bAQI=" if packet == b"\x01\x02" else f"4{packet}")  # type: ignore[str-bytes-safe]
    websocket = WebSocketClient.connect(noting.address)
    websocket.receive_open()
    received = websocket.receive()
    assert received == (packet if isinstance(packet, bytes) else "4" + packet)
    noting.last.session.send("next")
    assert websocket.receive() == "4next"
    websocket.close()


def nothing_here(environ: dict[str, Any], start_response: Any) -> Iterator[bytes]:
    start_response("200 OK", [("Content-Length", "3")])
    yield b"app"


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("slash", [True, False])
def test_the_slash_at_the_end_of_the_path(door: str, slash: bool) -> None:
    engine = Engine(path="/live", add_trailing_slash=slash)
    with opened(door, engine, nothing_here) as address:
        query = "?EIO=4&transport=polling"
        assert (ask(address, "GET", f"/live{query}").body == b"app") == slash
        client = HTTPClient(address)  # all over one connection: the door looks again for each of them
        opening = client.request("GET", f"/live/{query}")
        assert opening.text.startswith("0{")
        sid = json.loads(opening.text[1:])["sid"]
        base = "/live/" if slash else "/live"
        assert client.request("POST", f"{base}{query}&sid={sid}", body=b"4a").text == "ok"
        assert client.request("GET", "/lively").status == (200 if slash else 400)
        client.close()
        websocket = WebSocketClient.connect(address, base + "?EIO=4&transport=websocket")
        assert websocket.receive_open()["upgrades"] == []
        websocket.close()
        assert ask(address, "GET", "/liv").body == b"app"
