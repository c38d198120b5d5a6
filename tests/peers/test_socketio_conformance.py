"""Socket.IO 5 over raw messages: connecting, events, acknowledgements, and what closes a connection."""

import json
import time
from collections.abc import Iterator

import pytest

from .conftest import assert_no_trouble
from .raw import SEPARATOR, Closed, Endpoint, PollingPeer, WebSocketPeer
from .server_process import ServerProcess

CONNECT_TIMEOUT = 1.0  # as in conformance.py


@pytest.fixture(scope="module", params=["serve", pytest.param("pywsgi", marks=pytest.mark.matrix)])
def socket_server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    log_path = tmp_path_factory.mktemp(request.param) / "server.log"
    with ServerProcess(request.param, "conformance:sockets_application", log_path) as server:
        yield server


@pytest.fixture
def endpoint(socket_server: ServerProcess) -> Iterator[Endpoint]:
    yield Endpoint(socket_server.port, "/socket.io/")
    assert_no_trouble(socket_server)


@pytest.fixture
def fresh(endpoint: Endpoint) -> Iterator[WebSocketPeer]:
    """A connection on which no namespace is joined."""
    with endpoint.open_websocket() as peer:
        peer.receive_open()
        yield peer


def connect(peer: WebSocketPeer, request: str = "40") -> str:
    """Join a namespace; gives the socket's id."""
    peer.send(request)
    namespace = request[2:].partition(",")[0].partition("{")[0]
    prefix = f"40{namespace}," if namespace else "40"
    reply = peer.receive()
    assert isinstance(reply, str)
    assert reply.startswith(prefix)
    content = json.loads(reply[len(prefix) :])
    assert set(content) == {"sid"}
    assert isinstance(content["sid"], str)
    auth = request[request.index("{") :] if "{" in request else "{}"
    assert peer.receive() == f'42{namespace + "," if namespace else ""}["auth",{auth}]'
    return str(content["sid"])


@pytest.fixture
def peer(fresh: WebSocketPeer) -> WebSocketPeer:
    """A connection that has joined the main namespace."""
    connect(fresh)
    return fresh


def leave(peer: WebSocketPeer) -> None:
    """Leave the main namespace; nothing follows but the heartbeat, which shows that the server has done it."""
    peer.send("41")
    assert peer.receive(pings=True) == "2"
    peer.send("3")


def assert_closes(peer: WebSocketPeer) -> None:
    started = time.monotonic()
    peer.wait_closed()
    assert time.monotonic() - started < 0.25, "it was the heartbeat that closed it"


class TestConnect:
    @pytest.mark.parametrize(
        "request_",
        ["40", '40{"token":"123"}', "40/custom,", "40/custom", '40/custom,{"token":"abc","deep":[null]}', "40{}"],
    )
    def test_connects(self, fresh: WebSocketPeer, request_: str) -> None:
        connect(fresh, request_)

    def test_each_namespace_has_its_own_id(self, endpoint: Endpoint) -> None:
        with endpoint.open_websocket() as peer:
            session_id = peer.receive_open()["sid"]
            assert len({session_id, connect(peer), connect(peer, "40/custom,")}) == 3

    @pytest.mark.parametrize("name", ["/random", "/custom/", "/custom?token=1", "/Custom", "/__class__"])
    def test_unknown_namespace(self, fresh: WebSocketPeer, name: str) -> None:
        fresh.send(f"40{name},")
        assert fresh.receive() == f'44{name},{{"message":"Invalid namespace"}}'
        connect(fresh)

    def test_polling(self, endpoint: Endpoint) -> None:
        peer = endpoint.open_polling()
        assert peer.post("40").body == "ok"
        packets = poll(peer, 2)
        assert set(json.loads(packets[0][2:])) == {"sid"}
        assert packets[1] == '42["auth",{}]'

    def test_nothing_joined_in_time(self, fresh: WebSocketPeer) -> None:
        started = time.monotonic()
        with pytest.raises(Closed):
            fresh.receive()  # answers pings meanwhile
        assert CONNECT_TIMEOUT - 0.05 <= time.monotonic() - started < CONNECT_TIMEOUT + 2

    def test_leaving_everything_later_closes_nothing(self, peer: WebSocketPeer) -> None:
        peer.send("41")
        deadline = time.monotonic() + CONNECT_TIMEOUT + 0.3
        while time.monotonic() < deadline:
            assert peer.receive(pings=True) == "2"
            peer.send("3")
        connect(peer)

    @pytest.mark.parametrize(
        "packet",
        [
            "4abc",
            "4",
            "4" + "7",
            '42["message"]',
            "41",
            "431[]",
            "44{}",
            "40[]",
            "40null",
            '40"auth"',
            "40{",
            '40/custom,"x"',
        ],
    )
    def test_invalid_first_packets_close_the_connection(self, fresh: WebSocketPeer, packet: str) -> None:
        fresh.send(packet)
        assert_closes(fresh)

    def test_connecting_twice_closes_the_connection(self, peer: WebSocketPeer) -> None:
        peer.send("40")
        assert_closes(peer)


def poll(peer: PollingPeer, count: int) -> list[str]:
    """The next `count` packets, without pings, which it answers."""
    packets: list[str] = []
    while len(packets) < count:
        answer = peer.get()
        assert answer.status == 200
        for packet in answer.body.split(SEPARATOR):
            if packet == "2":
                assert peer.post("3").body == "ok"
            else:
                packets.append(packet)
    return packets


class TestDisconnect:
    def test_from_the_main_namespace(self, peer: WebSocketPeer) -> None:
        leave(peer)

    @pytest.mark.parametrize("packet", ["41/custom", "41/custom,"])
    def test_from_one_of_two_namespaces(self, peer: WebSocketPeer, packet: str) -> None:
        connect(peer, "40/custom")
        peer.send(packet)
        peer.send('42["message","message to main namespace"]')
        assert peer.receive() == '42["message-back","message to main namespace"]'

    def test_and_connects_again(self, peer: WebSocketPeer) -> None:
        leave(peer)
        connect(peer)

    def test_an_event_afterwards_closes_the_connection(self, peer: WebSocketPeer) -> None:
        leave(peer)
        peer.send('42["message"]')
        assert_closes(peer)

    def test_an_event_to_a_namespace_that_is_not_joined(self, peer: WebSocketPeer) -> None:
        peer.send('42/custom,["message"]')
        assert_closes(peer)


class TestMessages:
    @pytest.mark.parametrize(
        "arguments",
        [
            '1,"2",{"3":[true]}',
            "null,[],{}",
            '"€ 漢字 😀"',
            r'"\ud83d"',
            "18446744073709551615,-9223372036854775808",
            '{"_placeholder":false}',
        ],
    )
    def test_events(self, peer: WebSocketPeer, arguments: str) -> None:
        peer.send(f'42["message",{arguments}]')
        assert peer.receive() == f'42["message-back",{arguments}]'

    def test_events_of_another_namespace(self, peer: WebSocketPeer) -> None:
        connect(peer, "40/custom")
        peer.send('42/custom,["message",1]')
        assert peer.receive() == '42/custom,["message-back",1]'

    def test_binary(self, peer: WebSocketPeer) -> None:
        placeholders = '{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}'
        for message in (f'452-["message",{placeholders}]', b"\x01\x02\x03", b"\x04\x05\x06"):
            peer.send(message)
        assert [peer.receive() for _ in range(3)] == [
            f'452-["message-back",{placeholders}]',
            b"\x01\x02\x03",
            b"\x04\x05\x06",
        ]

    def test_binary_over_polling(self, endpoint: Endpoint) -> None:
        peer = endpoint.open_polling()
        assert peer.post("40").body == "ok"
        poll(peer, 2)
        event = '451-["message",{"deep":[{"_placeholder":true,"num":0}]}]'
        assert peer.post(SEPARATOR.join([event, "bAQID"])).body == "ok"
        assert poll(peer, 2) == ['451-["message-back",{"deep":[{"_placeholder":true,"num":0}]}]', "bAQID"]

    @pytest.mark.parametrize("number", ["0", "456", "9007199254740991"])
    def test_acknowledgement(self, peer: WebSocketPeer, number: str) -> None:
        peer.send(f'42{number}["message-with-ack",1,"2",{{"3":[false]}}]')
        assert peer.receive() == f'43{number}[1,"2",{{"3":[false]}}]'

    def test_acknowledgement_without_arguments(self, peer: WebSocketPeer) -> None:
        peer.send('427["message-with-ack"]')
        assert peer.receive() == "437[]"

    def test_binary_acknowledgement(self, peer: WebSocketPeer) -> None:
        placeholders = '{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}'
        for message in (f'452-789["message-with-ack",{placeholders}]', b"\x01\x02\x03", b"\x04\x05\x06"):
            peer.send(message)
        assert [peer.receive() for _ in range(3)] == [f"462-789[{placeholders}]", b"\x01\x02\x03", b"\x04\x05\x06"]

    def test_unknown_acknowledgements_and_events_are_ignored(self, peer: WebSocketPeer) -> None:
        peer.send('43999["nobody asked"]')
        peer.send('42["nobody listens",1]')
        peer.send('421["nobody listens",1]')
        peer.send('42["message"]')
        assert peer.receive() == '42["message-back"]'


class TestInvalidPackets:
    @pytest.mark.parametrize(
        "packet",
        [
            "4abc",
            "4",
            "42{}",
            "42[]",
            "42[",
            '42"message"',
            "42[null]",
            "42[{}]",
            '42abc["message-with-ack",1,"2",{"3":[false]}]',
            '42["connect"]',
            '42["connect_error"]',
            '42["disconnect"]',
            '42["disconnecting"]',
            '42["newListener"]',
            '42["removeListener"]',
            "431{}",
            '44{"message":"no"}',
            "41{}",
            '450-["message"]',
            '45["message",{"_placeholder":true,"num":0}]',
            '4511-["message",{"_placeholder":true,"num":0}]',
            '459999999999-["message",{"_placeholder":true,"num":0}]',
            '42["message",' + "[" * 100_000,
        ],
        ids=lambda packet: packet[:40],
    )
    def test_closes_the_connection(self, peer: WebSocketPeer, packet: str) -> None:
        peer.send(packet)
        assert_closes(peer)

    @pytest.mark.parametrize("number", ["1", "-1", '"0"', "null"])
    def test_placeholder_out_of_range(self, peer: WebSocketPeer, number: str) -> None:
        peer.send(f'451-["message",{{"_placeholder":true,"num":{number}}}]')
        peer.send(b"\x01")
        assert_closes(peer)

    def test_an_attachment_that_nobody_announced(self, peer: WebSocketPeer) -> None:
        peer.send(b"\x01")
        assert_closes(peer)

    def test_text_where_an_attachment_is_due(self, peer: WebSocketPeer) -> None:
        peer.send('451-["message",{"_placeholder":true,"num":0}]')
        peer.send('42["message"]')
        assert_closes(peer)

    def test_others_are_undisturbed(self, endpoint: Endpoint, peer: WebSocketPeer) -> None:
        with endpoint.open_websocket() as bad:
            bad.receive_open()
            connect(bad)
            bad.send("42{}")
            bad.wait_closed()
        peer.send('42["message",1]')
        assert peer.receive() == '42["message-back",1]'
