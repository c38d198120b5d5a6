"""Per-message deflate on the engine's WebSockets: when it is agreed on, what is compressed, and what it costs."""

import gc
import random
import tracemalloc
from collections.abc import Callable
from typing import Any

import gevent
import pytest

from geventio.engineio.prepared import PreparedMessages
from tests.protocol.websocket.client_frames import PING, client_frame
from tests.protocol.websocket.compressed_frames import compress, compressed_frame, inflate
from tests.runtime.sockets import wait_for

from .client import WEBSOCKET, WebSocketClient, frame, open_session
from .conftest import Make, NotingEngine
from .deflating_client import OFFER, DeflatingClient
from .memory import MemoryRequest

Use = Callable[[NotingEngine, MemoryRequest], None]

NEITHER = "permessage-deflate; server_no_context_takeover; client_no_context_takeover"
LONG = "news " * 400


@pytest.mark.parametrize(
    ("option", "agreed"),
    [
        (False, None),
        (True, NEITHER),
        ({"client_max_window_bits": 10, "server_max_window_bits": 9},
         f"{NEITHER}; server_max_window_bits=9; client_max_window_bits=10"),
        ({"server_no_context_takeover": False, "client_no_context_takeover": False}, "permessage-deflate"),
    ],
)  # fmt: skip
def test_the_answer_to_an_offer(serve: Make, option: object, agreed: str | None) -> None:
    noting = serve(per_message_deflate=option)
    noting.echo = True
    client = DeflatingClient.offer(noting.address)
    assert client.agreed == agreed
    client.receive_open()
    client.send("4" + LONG)
    assert client.receive() == "4" + LONG
    assert client.last.compressed is (agreed is not None)
    client.close()


@pytest.mark.parametrize(
    "offer", [None, "permessage-deflate; server_max_window_bits=8", "x-webkit-deflate-frame", ";,"]
)
def test_without_an_acceptable_offer_the_connection_goes_on_without(serve: Make, offer: str | None) -> None:
    noting = serve(per_message_deflate=True)
    noting.echo = True
    client = DeflatingClient.offer(noting.address, offer) if offer else DeflatingClient.connect(noting.address)
    assert isinstance(client, DeflatingClient)
    assert client.agreed is None
    client.receive_open()
    client.send("4" + LONG)
    assert client.receive() == "4" + LONG
    assert not client.last.compressed
    client.send_compressed("4" + LONG)
    assert client.close_code() == 1002
    assert noting.closed() == ("transport error", "reserved bit set")
    client.close()


def test_an_upgrade(serve: Make) -> None:
    noting = serve(per_message_deflate=True)
    noting.echo = True
    sid = open_session(noting.address)
    noting.last.session.send(LONG)  # waits for a GET that does not come
    client = DeflatingClient.offer(noting.address, target=f"{WEBSOCKET}&sid={sid}")
    assert client.agreed == NEITHER
    client.send("2probe")
    assert client.receive() == "3probe"
    client.send("5")
    assert client.receive() == "4" + LONG
    assert client.last.compressed
    client.send_compressed("4" + LONG)
    assert client.receive() == "4" + LONG
    assert client.last.compressed
    client.close()


def test_messages_both_ways(serve: Make) -> None:
    noting = serve(per_message_deflate=True, max_http_buffer_size=200_000)
    noting.echo = True
    client = DeflatingClient.offer(noting.address)
    client.receive_open()
    assert not client.last.compressed
    noise = random.Random(1).randbytes(5_000)
    for message, compressed in (
        ("4", False),
        (b"", False),
        ("4" + "x" * 1022, False),
        ("4" + "x" * 1023, True),
        ("4" + "é" * 600, True),  # bytes count
        (b"y" * 1023, False),
        (b"y" * 1024, True),
        ("4" + LONG * 90, True),
        (noise, False),  # it would become longer
    ):
        for send in (client.send, client.send_compressed):
            send(message)
            assert client.receive() == message
            assert client.last.compressed is compressed, len(message)
    client.close()


def test_several_messages_at_once(serve: Make) -> None:
    noting = serve(per_message_deflate={"threshold": 100})
    client = DeflatingClient.offer(noting.address)
    client.receive_open()
    noting.last.session.send_messages([LONG, b"\0" * 3000, b"\1"])
    assert [(client.receive(), client.last.compressed) for _ in range(3)] == [
        ("4" + LONG, True),
        (b"\0" * 3000, True),
        (b"\1", False),
    ]
    client.close()


def test_a_client_that_cannot_read_binary(serve: Make) -> None:
    noting = serve(per_message_deflate=True)
    noting.echo = True
    client = DeflatingClient.offer(noting.address, target=WEBSOCKET + "&b64=1")
    client.receive_open()
    client.send_compressed(b"\0" * 3000)
    assert client.receive() == "b" + "AAAA" * 1000
    assert client.last.compressed
    client.close()


def test_what_the_application_does_not_allow_to_be_compressed(serve: Make) -> None:
    noting = serve(per_message_deflate={"threshold": 0})
    client = DeflatingClient.offer(noting.address)
    client.receive_open()
    session = noting.last.session
    session.send_messages([LONG], compress=False)
    session.send_messages([b"\0" * 3000, b"x"], compress=False)
    session.send_prepared(PreparedMessages([LONG], compress=False))
    session.send(LONG)
    text = "4" + LONG
    for message, compressed in ((text, False), (b"\0" * 3000, False), (b"x", False), (text, False), (text, True)):
        assert (client.receive(), client.last.compressed) == (message, compressed)
    client.close()


def test_control_frames_and_control_packets_stay_as_they_are(serve: Make) -> None:
    noting = serve(per_message_deflate={"threshold": 0}, ping_interval=0.05)
    client = DeflatingClient.offer(noting.address)
    client.receive_open()
    client.send_raw(client_frame(PING, b"x" * 125))
    assert client.receive() == b"pong:" + b"x" * 125
    assert client.receive() == "2"
    assert not client.last.compressed
    client.send("3")
    noting.last.session.close()
    assert client.close_code() == 1005
    assert not client.last.compressed
    client.close()


# -- context


def test_a_server_that_keeps_context(serve: Make) -> None:
    noting = serve(per_message_deflate={"server_no_context_takeover": False, "threshold": 0})
    clients = [DeflatingClient.offer(noting.address) for _ in range(2)]
    text = random.Random(2).randbytes(2_000).hex()
    for client, noted in zip(clients, noting.clients, strict=True):
        client.receive_open()
        sizes = []
        for _ in range(3):
            noted.session.send(text)
            assert client.receive() == "4" + text
            sizes.append(len(client.last.payload))
        assert sizes[0] > 2_000
        assert max(sizes[1:]) < 50  # it refers to the first
    broadcast = PreparedMessages([text])
    for client, noted in zip(clients, noting.clients, strict=True):
        noted.session.send_prepared(broadcast)
        assert client.receive() == "4" + text
        assert len(client.last.payload) < 50
        client.close()


def test_a_client_that_wants_no_context_gets_none(serve: Make) -> None:
    noting = serve(per_message_deflate={"server_no_context_takeover": False})
    client = DeflatingClient.offer(noting.address, "permessage-deflate; server_no_context_takeover")
    assert client.agreed == NEITHER
    client.receive_open()
    for _ in range(2):
        noting.last.session.send(LONG)
        _, sent = client.receive_frame()
        assert inflate(sent.payload).decode() == "4" + LONG
    client.close()


# -- broadcasts


def test_a_broadcast_is_compressed_once_for_all_with_the_same_window(serve: Make) -> None:
    noting = serve(per_message_deflate=True)
    small = "permessage-deflate; server_max_window_bits=9"
    offers = [OFFER, "permessage-deflate", OFFER, small, small]
    clients = [DeflatingClient.offer(noting.address, offer) for offer in offers]
    clients.append(DeflatingClient.offer(noting.address, target=WEBSOCKET + "&b64=1"))
    plain = WebSocketClient.connect(noting.address)
    text = " ".join(random.Random(3).choices(["alpha", "beta", "gamma", "delta", "epsilon"], k=3_000))
    prepared = PreparedMessages([text])
    for client in (*clients, plain):
        client.receive_open()
    for noted in noting.clients:
        noted.session.send_prepared(prepared)
    assert plain.receive() == "4" + text
    sent = [client.receive_frame() for client in clients]
    assert sent[0][0] == sent[1][0] == sent[2][0] == sent[5][0]
    assert sent[3][0] == sent[4][0] != sent[0][0]
    for client, (_, received) in zip(clients, sent, strict=True):
        bits = 9 if client.agreed != NEITHER else 15
        assert received.compressed
        assert inflate(received.payload, bits).decode() == "4" + text
    assert prepared._compressed is not None
    assert len(prepared._compressed) == 2
    for client in (*clients, plain):
        client.close()


# -- bad input


@pytest.mark.parametrize(
    ("data", "code", "problem"),
    [
        (compressed_frame(compress(b"4" + b"x" * 10_000)), 1009, "message too big"),
        (compressed_frame(b"\xff\xff"), 1007, "invalid deflate data"),
        (compressed_frame(compress(b"4\xff")), 1007, "invalid UTF-8"),
        (b"\xc9\x80abcd", 1002, "reserved bit set"),
    ],
)
def test_what_a_client_must_not_send(serve: Make, data: bytes, code: int, problem: str) -> None:
    noting = serve(per_message_deflate=True, max_http_buffer_size=10_000)
    client = DeflatingClient.offer(noting.address)
    client.receive_open()
    client.send_raw(compressed_frame(compress(b"4before")) + data + frame("4after"))
    assert client.close_code() == code
    assert noting.closed() == ("transport error", problem)
    assert noting.last.messages == ["before"]
    client.close()


# -- what it costs


def memory_of(noting: NotingEngine, clients: int, offer: str | None, use: Use) -> float:
    """Bytes of a client, its kept request left out: it is as long as what the client sent."""
    headers = {"sec-websocket-extensions": offer} if offer else {}
    requests = [MemoryRequest.upgrading(headers=headers) for _ in range(clients)]
    gc.collect()
    tracemalloc.start()
    try:
        for request in requests:
            noting.engine.handle(request)
            use(noting, request)
        gevent.sleep(0.01)
        for request in requests:
            request.headers = {}
        gc.collect()
        return tracemalloc.get_traced_memory()[0] / clients
    finally:
        tracemalloc.stop()
        for session in list(noting.engine.sessions.values()):
            session.transport.abort()


def nothing(noting: NotingEngine, request: MemoryRequest) -> None:
    """Stay idle."""


def talk(noting: NotingEngine, request: MemoryRequest) -> None:
    """A compressed message each way."""
    assert request.websocket is not None
    request.websocket.send_raw(compressed_frame(compress(b"4" + LONG.encode())))
    noting.last.session.send(LONG)
    wait_for(lambda: noting.last.messages)
    assert noting.last.messages == [LONG]
    noting.last.messages = []


def test_an_idle_client_that_agreed_costs_as_much_as_one_that_did_not(make: Make) -> None:
    noting = make(per_message_deflate=True)
    memory_of(noting, 20, OFFER, talk)
    plain = memory_of(noting, 200, None, nothing)
    assert memory_of(noting, 200, OFFER, nothing) < plain + 500  # the dictionary of sessions grows by leaps
    assert memory_of(noting, 200, OFFER, talk) < plain + 500


def test_a_client_with_context_costs_its_compressor_from_the_first_long_message_on(make: Make) -> None:
    noting = make(per_message_deflate={"server_no_context_takeover": False, "client_no_context_takeover": False})
    idle = memory_of(noting, 50, "permessage-deflate", nothing)
    assert idle < 3_000
    assert 250_000 < memory_of(noting, 50, "permessage-deflate", talk) - idle < 275_000 + len(LONG)


# -- beside other features


def test_a_client_of_revision_3(serve: Make) -> None:
    noting = serve(per_message_deflate=True, allow_eio3=True)
    noting.echo = True
    current = DeflatingClient.offer(noting.address)
    older = DeflatingClient.offer(noting.address, target="/engine.io/?EIO=3&transport=websocket")
    assert older.agreed == NEITHER
    older.receive_open()
    current.receive_open()
    older.send_compressed("4" + LONG)
    assert older.receive() == "4" + LONG
    assert older.last.compressed
    older.send_compressed(b"\4" + b"\0" * 3000)
    assert older.receive() == b"\4" + b"\0" * 3000
    assert older.last.compressed
    # A text is the same frame in both revisions; a binary message is not.
    prepared = PreparedMessages([LONG, b"\0" * 3000])
    for noted in noting.clients:
        noted.session.send_prepared(prepared)
    assert [older.receive(), older.receive()] == ["4" + LONG, b"\4" + b"\0" * 3000]
    assert [current.receive(), current.receive()] == ["4" + LONG, b"\0" * 3000]
    assert older.last.compressed
    assert current.last.compressed
    older.close()
    current.close()


def test_hooks_of_the_application_see_nothing_of_it_and_change_nothing(serve: Make) -> None:
    noting = serve(per_message_deflate=True)
    seen: list[list[str]] = []

    def note(headers: Any, environ: Any) -> None:
        seen.append(list(headers))
        headers["X-Served-By"] = "a1"

    noting.engine.on("headers", note)
    client = DeflatingClient.offer(noting.address)
    assert client.agreed == NEITHER
    assert client.handshake is not None
    assert client.handshake.headers["x-served-by"] == "a1"
    assert seen == [[]]
    client.receive_open()
    noting.last.session.send(LONG)
    assert client.receive() == "4" + LONG
    assert client.last.compressed
    client.close()
