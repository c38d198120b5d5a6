"""python-socketio's client: the main scenarios, over each choice of transports, in every serving mode."""

import threading
from collections.abc import Callable, Iterator
from queue import Queue
from typing import Any

import engineio
import engineio.payload
import pytest
import requests
import socketio

from .conftest import mode_marks
from .server_process import FULL_MODES, ServerProcess

# This client gives up on a polling response of more than 16 packets, which servers may send, unless told otherwise.
engineio.payload.Payload.max_decode_packets = 1000

PATIENCE = 10.0  # seconds to wait for one thing
TRANSPORTS = {"polling": ["polling"], "websocket": ["websocket"], "upgrade": ["polling", "websocket"]}


class InOrderEngine(engineio.Client):
    """Handles messages where they are read. By default each gets a thread of its own, and then neither the order of
    events nor which attachment belongs to which packet can be told.
    """

    def _trigger_event(self, event: str, *args: Any, **options: Any) -> Any:
        if event == "message":
            options["run_async"] = False
        return super()._trigger_event(event, *args, **options)


class InOrderClient(socketio.Client):
    def _engineio_client_class(self) -> type[engineio.Client]:
        return InOrderEngine


class Client:
    """A `socketio.Client` that keeps what it hears in queues."""

    def __init__(self, server: ServerProcess, transports: str, **options: Any) -> None:
        session = requests.Session()
        session.trust_env = False
        if server.certfile is not None:
            session.verify = str(server.certfile)
        self.client = InOrderClient(http_session=session, **options)
        self.transports = TRANSPORTS[transports]
        self.url = server.url
        self.session = session
        self.heard: dict[str, Queue[tuple[Any, ...]]] = {}

    def listen(self, event: str, namespace: str = "/") -> None:
        """Keep what arrives as `event`."""
        queue = self.heard[f"{namespace} {event}"] = Queue()
        self.client.on(event, lambda *args: queue.put(args), namespace=namespace)

    def next(self, event: str, namespace: str = "/") -> tuple[Any, ...]:
        """The next arguments of `event`, in the order of arrival."""
        return self.heard[f"{namespace} {event}"].get(timeout=PATIENCE)

    def connect(self, *namespaces: str, auth: Any = None) -> "Client":
        names = list(namespaces or ["/"])
        for name in names:
            self.listen("welcome", name)
        self.client.connect(self.url, transports=self.transports, namespaces=names, auth=auth, wait_timeout=PATIENCE)
        for name in names:
            assert self.next("welcome", name)[0]["id"] == self.client.get_sid(name)
        return self

    def call(self, event: str, *args: Any, namespace: str = "/") -> Any:
        return self.client.call(event, args, namespace=namespace, timeout=PATIENCE)

    def observed(self, what: str) -> Any:
        return self.session.get(f"{self.url}/observed/{what}", timeout=PATIENCE).json()


@pytest.fixture
def client(server: ServerProcess, transports: str) -> Iterator[Callable[..., Client]]:
    """Makes clients; disconnects them at the end."""
    clients: list[Client] = []

    def make(**options: Any) -> Client:
        clients.append(Client(server, transports, **{"reconnection": False, **options}))
        return clients[-1]

    yield make
    for each in clients:
        each.client.disconnect()


# WebSocket over TLS is left to socket.io-client.
pytestmark = pytest.mark.parametrize(
    ("running", "transports"),
    [
        pytest.param(mode, transports, marks=mode_marks(mode))
        for mode in FULL_MODES
        for transports in TRANSPORTS
        if mode != "serve-tls" or transports == "polling"
    ],
    indirect=["running"],
    scope="session",
)


def test_connects_on_the_right_transport(client: Callable[..., Client], transports: str) -> None:
    one = client().connect(auth={"name": "Ada"})
    expected = "polling" if transports == "polling" else "websocket"
    assert one.client.transport() == expected
    assert one.call("transport") == expected


def test_exchanges_events_and_binary(client: Callable[..., Client]) -> None:
    one = client()
    one.listen("echo")
    one.connect()
    for args in [
        (),
        (1, "2", {"3": [True, None, 0.5]}),
        ("€ 漢字 😀 \u2028 \x00 \x1e", {"ключ": "значение"}),
        (b"\x00\x1e\xff", {"deep": [b"a", {"er": b"b"}]}, [b""]),
        ("0123456789" * 20_000, bytes(range(256)) * 800),
    ]:
        one.client.emit("echo", args)
        assert one.next("echo") == args


def test_acknowledges_both_ways(client: Callable[..., Client]) -> None:
    one = client()
    one.client.on("question", lambda *args: args[0] if args else "nothing asked")
    one.listen("reported")
    one.connect()
    assert one.call("ack one", "value") == "value"
    assert one.call("ack many", 1, {"bytes": b"2"}) == (1, {"bytes": b"2"})
    assert one.call("ack none") is None
    assert one.call("ack later", "late") == "late"
    assert one.call("call me", {"bytes": b"7"}) == {"bytes": b"7"}
    assert one.call("call me") == "nothing asked"
    one.client.emit("ask me", ("first", "second"))
    assert one.next("reported") == ("first",)
    with pytest.raises(socketio.exceptions.TimeoutError):
        one.client.call("ack never", timeout=0.2)


def test_rooms(client: Callable[..., Client]) -> None:
    members = [client() for _ in range(3)]
    for number, member in enumerate(members):
        member.listen("room")
        member.client.on("question", lambda question, number=number: f"{question} {number}")
        member.connect()
    first, second, third = members
    room = f"room {first.client.get_sid()}"
    assert first.call("join", room) == [room]
    assert second.call("join", room) == [room]
    first.client.emit("to others", (room, "others"))
    first.client.emit("to all", (room, "all", b"!"))
    replies = dict(third.call("call room", room, "ready?"))
    assert replies == {first.client.get_sid(): "ready? 0", second.client.get_sid(): "ready? 1"}
    assert second.next("room") == ("others",)
    assert second.next("room") == ("all", b"!")
    assert first.next("room") == ("all", b"!")
    assert second.call("leave", room) == []
    first.client.emit("to all", (room, "after"))
    assert first.next("room") == ("after",)
    second.call("ack none")
    third.call("ack none")
    assert second.heard["/ room"].empty()
    assert third.heard["/ room"].empty()


def test_namespaces_over_one_connection(client: Callable[..., Client]) -> None:
    one = client()
    one.listen("said", "/chat")
    one.connect("/", "/admin", "/chat", auth={"token": "secret"})
    assert len({one.client.get_sid(name) for name in ("/", "/admin", "/chat")}) == 3
    assert one.call("say", "a", namespace="/chat") == "/chat heard a"
    assert one.call("say", "b", namespace="/admin") == "/admin heard b"
    assert one.next("said", "/chat") == ("a",)


def test_is_refused_with_data(client: Callable[..., Client]) -> None:
    one = client()
    one.listen("connect_error", "/admin")
    with pytest.raises(socketio.exceptions.ConnectionError):
        one.connect("/admin", auth={"token": "wrong"})
    (error,) = one.next("connect_error", "/admin")
    assert error == {"message": "not authorised", "data": {"code": 401, "hint": ["token", {"nested": None}]}}


def test_namespaces_that_its_requests_make(client: Callable[..., Client]) -> None:
    one = client()
    one.connect("/", "/job/7", "/club/chess", "/counter/ü", auth={"member": "chess"})
    assert one.call("which", namespace="/job/7") == ["/job/7", {"id": "7"}]
    assert one.call("which", namespace="/club/chess") == "/club/chess"
    assert one.call("add", 2, namespace="/counter/ü") == ["/counter/ü", {"owner": "ü"}, 2]


def test_disconnects_both_ways(client: Callable[..., Client]) -> None:
    leaver = client().connect()
    sid = leaver.client.get_sid()
    leaver.client.eio.queue.join()  # a POST under way while it disconnects would be its last, whatever is queued
    leaver.client.disconnect()
    farewell = leaver.observed(f"farewell/{sid}")
    assert farewell["reason"] in {"client namespace disconnect", "transport close"}
    assert farewell["same"]

    kicked = client()
    kicked.listen("disconnect")
    kicked.connect()
    sid = kicked.client.get_sid()
    kicked.client.emit("leave me", True)
    assert kicked.next("disconnect") == (kicked.client.reason.SERVER_DISCONNECT,)
    assert kicked.observed(f"farewell/{sid}")["reason"] == "server namespace disconnect"


def test_keeps_the_order_over_an_upgrade(client: Callable[..., Client]) -> None:
    one = client()
    one.listen("numbered")
    one.client.on("connect", lambda: one.client.emit("stream", 200))
    one.connect()
    for position in range(200):
        one.client.emit("counted", position)
    assert [one.next("numbered")[0] for _ in range(200)] == list(range(200))
    assert one.call("count") == list(range(200))


def test_reconnects_after_a_restart(server: ServerProcess, client: Callable[..., Client]) -> None:
    one = client(reconnection=True, reconnection_delay=0.05, reconnection_delay_max=0.2, randomization_factor=0)
    lost = threading.Event()
    one.client.on("disconnect", lambda reason: lost.set())
    one.connect()
    sid = one.client.get_sid()
    server.restart()
    assert lost.wait(PATIENCE)
    assert one.next("welcome")[0]["id"] != sid
    assert one.call("ack one", "as before") == "as before"
