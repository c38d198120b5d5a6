"""Connection state recovery: a client that comes back has what it had and gets what it missed, all of it or nothing."""

import gc
from typing import Any
from weakref import ref

import pytest
from client import Closed
from gevent import sleep
from gevent.event import Event
from returning_client import ReturningClient
from site_under_test import Site

from geventio import ConnectionRejected, Disconnected, Server
from geventio.protocol.socketio import JSONParser, Packet, PacketType
from geventio.protocol.socketio.msgpack_parser import MsgpackParser


def recovering(**options: Any) -> Server:
    return Server(connection_state_recovery=options or True, ping_interval=30, ping_timeout=30)


@pytest.fixture
def io() -> Server:
    return recovering()


@pytest.fixture
def served(site: Any, io: Server) -> Site:
    io.on("connection", lambda socket: socket.data.setdefault("connections", []).append(socket.recovered))
    started: Site = site(io)
    return started


@pytest.fixture
def client(served: Site, transport: str) -> ReturningClient:
    returning = ReturningClient(served, transport)
    returning.come()
    return returning


# -- what is on the wire


def test_off_nothing_changes(site: Any) -> None:
    served: Site = site(io := Server())
    io.on("connection", lambda socket: served.seen.put(socket.recovered))
    client = served.websocket()
    client.send(Packet(PacketType.CONNECT, "/", {"pid": "x" * 40, "offset": "y"}))
    reply = client.receive()
    assert list(reply.data) == ["sid"]
    assert served.next() is False
    io.emit("news", "text")
    io.root.sockets[reply.data["sid"]].emit("own")
    assert [client.receive_event(), client.receive_event()] == [["news", "text"], ["own"]]


def test_the_reply_has_a_secret(served: Site) -> None:
    clients = [ReturningClient(served) for _ in range(3)]
    for client in clients:
        client.come()
        assert client.pid is not None
        assert client.pid.isascii()
        assert client.socket.recovered is False
    secrets = {client.pid.removeprefix(client.sid) for client in clients}  # type: ignore[union-attr]
    assert len(secrets) == 3
    assert all(len(secret) >= 20 for secret in secrets)  # of 6 bits each


def test_which_events_have_an_offset(served: Site, io: Server) -> None:
    client = served.websocket()
    socket = io.root.sockets[client.connect()]
    socket.join("room")
    offsets = []
    for emit in (socket.emit, io.emit, io.to("room").emit, socket.compress(False).emit, io.except_("x").emit):
        emit("event", 1, b"\x01")
        name, *args, offset = client.receive_event()
        assert (name, args) == ("event", [1, b"\x01"])
        offsets.append(offset)
    assert len(set(offsets)) == 5
    assert [int(offset.partition(".")[2], 16) for offset in offsets] == [1, 2, 3, 4, 5]
    for operator in (socket.volatile, io.to("room").volatile):
        operator.emit("event", 2)
        assert client.receive_event() == ["event", 2]
    socket.emit("question", "text", ack=print)
    assert client.receive_question().data == ["question", "text"]
    io.timeout(5).emit("question", "text", ack=print)
    assert client.receive_question().data == ["question", "text"]


def test_a_volatile_event_that_ends_in_a_text_does_not_cost_the_offset(served: Site, io: Server) -> None:
    """The official client takes any text at the end of an event for an offset."""
    client = ReturningClient(served)
    client.come()
    io.emit("news", 1)
    client.read()
    client.socket.volatile.emit("typing", "somebody")
    io.volatile.emit("typing")
    assert client.read() == [["news", 1], ["typing", "somebody"], ["typing"]]
    client.cut()
    io.to(client.sid).emit("news", 2)
    client.come()
    assert client.recovered
    assert client.read()[3:] == [["news", 2]]


# -- coming back


@pytest.mark.parametrize("parser", [JSONParser(), MsgpackParser()], ids=["json", "msgpack"])
def test_a_client_comes_back(site: Any, transport: str, parser: Any) -> None:
    io = Server(connection_state_recovery=True, parser=parser)
    served: Site = site(io)
    connected = []
    io.on("connection", connected.append)
    client = ReturningClient(served, transport, parser=parser)
    client.come()
    old = client.socket
    old.join(["news", "left"])
    old.data["name"] = "Zoë"
    with old.session() as session:
        session["secret"] = b"\x01"
    old.leave("left")
    io.to("news").emit("news", 1, b"\x00\x01")
    assert client.read() == [["news", 1, b"\x00\x01"]]
    sid, pid = client.sid, client.pid
    client.cut()
    assert old.left_reason in ("transport close", "transport error")
    io.emit("all", {"a": [b"\x02"]})
    io.to("news").to("left").emit("news", 2)
    io.to("left").emit("left")
    io.except_("news").emit("others")
    io.to(sid).emit("own", "text")
    old.emit("own", "by the old socket")
    old.broadcast.emit("not for itself")
    io.volatile.emit("volatile")
    client.come()
    assert client.recovered
    assert (client.sid, client.pid) == (sid, pid)
    new = client.socket
    assert new is not old
    assert [socket.recovered for socket in connected] == [False, True]
    assert new.rooms == {sid, "news"}
    assert new.data == {"name": "Zoë"}
    with new.session() as session:
        assert session == {"secret": b"\x01"}
    missed = [["all", {"a": [b"\x02"]}], ["news", 2], ["own", "text"], ["own", "by the old socket"]]
    assert client.read()[1:] == missed
    io.to("news").emit("news", 3)
    old.emit("own", "still by the old socket")
    assert client.read()[5:] == [["news", 3], ["own", "still by the old socket"]]
    assert io.root.adapter.recovered == 1  # type: ignore[attr-defined]


def test_before_any_event_had_come(client: ReturningClient, io: Server) -> None:
    client.socket.join("news")
    for number in range(1, 4):
        client.cut()
        assert client.offset is None
        client.come()
        assert client.recovered
        assert client.socket.data["connections"] == [False] + [True] * number
        assert client.read() == []
    client.cut()
    io.to("news").emit("news", 1)
    client.come()
    assert client.recovered
    assert client.read() == [["news", 1]]


def test_again_and_again(client: ReturningClient, io: Server) -> None:
    client.socket.join("news")
    sid = client.sid
    for number in range(0, 30, 3):
        io.to("news").emit("news", number)
        client.read()
        io.to("news").emit("news", number + 1)  # on its way when the connection is lost, and never read
        client.cut()
        io.to("news").emit("news", number + 2)
        client.come()
        assert client.recovered
        assert client.sid == sid
    assert client.read() == [["news", number] for number in range(30)]


def test_lost_again_before_the_missed_events_were_read(client: ReturningClient, io: Server) -> None:
    for _ in range(3):
        client.cut()
        io.emit("news")
        client.ask()
        client.site.wait_until(lambda: client.sid in io.root.sockets)
    client.cut()
    client.come()
    assert client.recovered
    assert client.read() == [["news"]] * 3


def test_what_was_in_the_kernels_buffers(served: Site, io: Server) -> None:
    """Events that were written, and that nobody read when the connection broke."""
    client = ReturningClient(served)
    client.come()
    io.emit("first")
    client.read()
    for number in range(200):
        io.emit("number", number, "x" * 1000)
    served.wait_until(lambda: client.socket.conn.buffered == 0)
    client.cut()
    client.come()
    assert client.recovered
    assert [event[1] for event in client.read()[1:]] == list(range(200))


def test_other_clients_are_not_concerned(served: Site, io: Server) -> None:
    first, second = ReturningClient(served), ReturningClient(served)
    for client in (first, second):
        client.come()
    first.cut()
    second.socket.broadcast.emit("from second")
    io.to(second.sid).emit("for second")
    first.come()
    assert first.recovered
    assert first.read() == [["from second"]]
    assert second.read() == [["for second"]]


def test_two_namespaces_on_one_connection(site: Any) -> None:
    io = recovering()
    chat = io.of("/chat")
    served: Site = site(io)
    root, other = ReturningClient(served), ReturningClient(served, namespace="/chat")
    root.others["/chat"], other.others["/"] = other, root
    for number in range(3):
        root.come()
        other.come(client=root.client)
        assert root.recovered is other.recovered is (number > 0)
        assert root.read() == [["root"]] * number
        assert other.read() == [["chat"]] * number
        root.cut()
        served.wait_until(lambda: not chat.sockets)
        io.emit("root")
        chat.emit("chat")


def test_rooms_count_for_when_the_client_was_in_them(client: ReturningClient, io: Server) -> None:
    """Not for what they are in the end: what was sent before it joined is not its business, what was sent to it while
    it was there is.
    """
    socket = client.socket
    socket.join("was in")
    io.emit("news", 0)
    client.read()
    io.to("joins").emit("too early")
    io.to("was in").emit("in time")
    io.in_(client.sid).sockets_join("joins")
    io.to("joins").emit("joined")
    socket.leave("was in")
    io.to("was in").emit("too late")
    io.except_("was in").emit("not excluded any more")
    client.cut()
    io.to("joins").emit("still there")
    client.come()
    assert client.recovered
    names = [name for name, *_ in client.read()[1:]]
    assert names == ["in time", "joined", "not excluded any more", "still there"]
    client.cut()
    client.come()
    assert client.recovered
    assert len(client.read()) == 5


# -- taking over


def test_the_old_connection_is_still_believed_alive(served: Site, transport: str, io: Server) -> None:
    reasons: list[str] = []
    io.on("disconnect", lambda socket, reason: reasons.append(reason))
    client = ReturningClient(served, transport)
    client.come()
    client.socket.join("news")
    io.emit("read")
    client.read()
    io.emit("not read")
    for number in range(3):
        old = client.socket
        client.vanish()
        io.to("news").emit("news", number)
        client.come()
        assert client.recovered
        assert old.left_reason == "transport close"
        assert client.socket is not old
        assert len(io.root.sockets) == len(io.engine.sessions) == 1
    assert client.read() == [["read"], ["not read"], ["news", 0], ["news", 1], ["news", 2]]
    assert reasons == ["transport close"] * 3


def test_handlers_go_on_where_the_old_sockets_ended(served: Site, io: Server) -> None:
    order: list[Any] = []
    release = Event()

    @io.on("slow")
    def slow(socket: Any) -> None:
        release.wait(5)
        order.append("slow")
        socket.data["slow"] = True

    io.on("quick", lambda socket: order.append(("quick", socket.recovered, socket.data.get("slow"))))
    io.on("connection", lambda socket: order.append(("connection", socket.recovered)))
    io.on("disconnect", lambda socket, reason: order.append("disconnect"))
    client = ReturningClient(served)
    client.come()
    client.client.emit("slow")
    client.client.emit("quick")
    client.read()
    client.cut()
    client.come()
    assert client.recovered
    client.client.emit("quick")
    client.read()
    assert order == [("connection", False)]
    release.set()
    served.wait_until(lambda: len(order) == 6)
    assert order[1:] == [
        "slow",
        ("quick", False, True),
        "disconnect",
        ("connection", True),
        ("quick", True, True),
    ]


def test_one_session_is_never_two_sockets(site: Any, io: Server) -> None:
    """Two connections name the same session at once, and the middlewares of both are still at work."""
    gate = Event()
    entered = []

    @io.use
    def slow(socket: Any) -> None:
        entered.append(socket.recovered)
        if socket.recovered:
            gate.wait(5)

    served: Site = site(io)
    client = ReturningClient(served)
    client.come()
    client.cut()
    io.emit("missed")
    twin = ReturningClient(served)
    twin.pid, twin.sid = client.pid, client.sid
    client.ask()
    twin.ask()
    served.wait_until(lambda: len(entered) == 3)
    gate.set()
    while not twin.connected:
        twin.receive()
    assert twin.recovered
    assert twin.read() == [["missed"]]
    client.client.wait_closed()
    assert len(io.root.sockets) == 1
    assert io.root.sockets[twin.sid].conn.id == twin.client.opened["sid"]


# -- no recovery


def fresh(client: ReturningClient, sid: str, pid: str | None) -> bool:
    return not client.recovered and client.sid != sid and client.pid not in (pid, None)


def test_too_late(site: Any, transport: str) -> None:
    served: Site = site(io := recovering(max_disconnection_duration=0.1))
    client = ReturningClient(served, transport)
    client.come()
    client.socket.join("news")
    sid, pid = client.sid, client.pid
    client.cut()
    sleep(0.11)
    client.come()
    assert fresh(client, sid, pid)
    assert client.socket.rooms == {client.sid}
    assert client.socket.data == {}
    assert io.root.adapter.not_recovered == {"unknown or expired": 1}  # type: ignore[attr-defined]


def test_a_missed_event_was_dropped(site: Any, transport: str, caplog: pytest.LogCaptureFixture) -> None:
    served: Site = site(io := recovering(max_bytes=10_000))
    client = ReturningClient(served, transport)
    client.come()
    io.emit("news", 0)
    client.read()
    for _ in range(2):
        sid, pid = client.sid, client.pid
        client.cut()
        for number in range(20):
            io.emit("news", number, "x" * 1000)
        client.come()
        assert fresh(client, sid, pid)
        assert client.read() == [["news", 0]]
    assert io.root.adapter.events_dropped > 20  # type: ignore[attr-defined]
    assert len([record for record in caplog.records if "max_bytes" in record.message]) == 1
    client.cut()
    io.emit("news", 1)
    client.come()
    assert client.recovered
    assert client.read() == [["news", 0], ["news", 1]]


@pytest.mark.parametrize("letter", ["x", "\u20ac"])
def test_missed_more_than_may_wait_for_a_client(site: Any, transport: str, letter: str) -> None:
    """It would be cut off for reading too slowly, come back, and miss the same again."""
    io = Server(connection_state_recovery=True, max_send_buffer=50_000)
    client = ReturningClient(site(io), transport)
    client.come()
    sid, pid = client.sid, client.pid
    client.cut()
    for _ in range(60):
        io.emit("news", letter * (1000 // len(letter.encode())))
    client.come()
    assert fresh(client, sid, pid)
    assert client.read() == []


@pytest.mark.parametrize("what", ["pid", "offset"])
@pytest.mark.parametrize(
    "value", ["", "x", "hello", "/chat", "shifted", "x" * 900_000, "é" * 40, 5, None, ["x"], {"a": 1}, True]
)
def test_what_a_client_makes_up(site: Any, what: str, value: Any) -> None:
    io = recovering()
    chat = io.of("/chat")
    served: Site = site(io)
    client, other = ReturningClient(served), ReturningClient(served, namespace="/chat")
    for one in (client, other):
        one.come()
    io.emit("news")
    chat.emit("news")
    client.read()
    other.read()
    sid, pid = client.sid, client.pid
    client.cut()
    if value == "/chat":
        value = getattr(other, what)
    elif value == "shifted":
        value = getattr(client, what)
        value = value[:-1] + ("A" if value[-1] != "A" else "B") if what == "pid" else value[:-1] + "f"
    client.come({what: value})
    if what == "offset" and value is None:
        assert client.recovered  # as if it had got nothing
    else:
        assert fresh(client, sid, pid)
        assert client.read() == [["news"]]


def test_an_offset_from_before_the_session(served: Site, io: Server) -> None:
    """A client keeps the last offset, of a session that is lost or of a process that is gone."""
    for made_up in (False, True):
        client = ReturningClient(served)
        client.come()
        io.emit("old")
        client.read()
        client.client.leave()
        served.wait_until(lambda sid=client.sid: sid not in io.root.sockets)  # type: ignore[misc]
        io.emit("while there was no session")
        client.come()
        assert not client.recovered
        assert client.offset is not None
        if made_up:
            client.offset = "AAAAAAAA" + client.offset[8:]
        client.cut()
        io.emit("new")
        client.come()
        assert client.recovered
        assert client.read() == [["old"], ["new"]]


@pytest.mark.parametrize("end", ["leaves", "is sent away", "is cut off", "sends garbage"])
def test_who_parts_for_good(served: Site, io: Server, end: str) -> None:
    client = ReturningClient(served)
    client.come()
    sid, pid = client.sid, client.pid
    socket = client.socket
    if end == "leaves":
        client.client.leave()
    elif end == "sends garbage":
        client.client.send_text("9")
    else:
        socket.disconnect(close=end == "is cut off")
    served.wait_until(lambda: not io.root.sockets)
    socket.emit("nobody is there")
    client.come()
    assert fresh(client, sid, pid)
    assert client.read() == []
    assert len(io.root.adapter._log) == 0  # type: ignore[attr-defined]


def test_older_clients_never_come_back(site: Any) -> None:
    from older_client import OlderWebSocketClient

    io = Server(connection_state_recovery=True, allow_eio3=True)
    served: Site = site(io)
    io.on("connection", served.seen.put)
    with OlderWebSocketClient(served.port) as client:
        socket = served.next()
        assert socket.recovered is False
        assert socket.ticket is None
        socket.emit("own", 1)
        client.receive()  # CONNECT
        assert client.receive().data == ["own", 1]
    served.wait_until(lambda: not io.root.sockets)
    assert len(io.root.adapter._sessions) == 0  # type: ignore[attr-defined]


# -- acknowledgements


def test_pending_acknowledgements_fail(served: Site, io: Server) -> None:
    client = ReturningClient(served)
    client.come()
    client.socket.timeout(5).emit("question", ack=lambda error, *values: served.seen.put((type(error), values)))
    question = client.receive()
    client.cut()
    assert served.next() == (Disconnected, ())
    client.come()
    assert client.recovered
    client.client.answer(question, "late")
    assert client.read() == []
    assert served.seen.empty()


# -- middlewares


def test_middlewares_run_and_may_refuse(site: Any, transport: str) -> None:
    io = recovering()
    ran: list[tuple[bool, Any, bool]] = []

    @io.use
    def authenticate(socket: Any) -> None:
        ran.append((socket.recovered, socket.data.get("name"), "news" in socket.rooms))
        if socket.handshake.auth.get("token") != "good":
            raise ConnectionRejected("no")
        socket.data["name"] = "Zoë"

    served: Site = site(io)
    client = ReturningClient(served, transport)
    client.come({"token": "good"})
    client.socket.join("news")
    for _ in range(3):
        client.cut()
        io.to("news").emit("news")
        client.ask({"token": "expired"})
        assert client.receive().type is PacketType.CONNECT_ERROR
        assert client.read_nothing()
        client.come({"token": "good"})  # the session is still there
        assert client.recovered
        assert client.socket.recovered
    assert client.read() == [["news"]] * 3
    assert ran == [(False, None, False), *[(True, "Zoë", True)] * 6]


def test_middlewares_are_passed_by_on_demand(site: Any) -> None:
    io = recovering(skip_middlewares=True)
    ran = []
    io.use(ran.append)
    client = ReturningClient(site(io))
    client.come()
    client.cut()
    client.come()
    assert client.recovered
    assert len(ran) == 1
    client.cut()
    client.pid = "x" * 40
    client.come()
    assert not client.recovered
    assert len(ran) == 2


def test_events_while_a_middleware_is_at_work(site: Any, io: Server) -> None:
    gate = Event()
    waiting = []

    @io.use
    def slow(socket: Any) -> None:
        if socket.recovered:
            socket.emit("from the middleware", "text")
            socket.leave("left")
            socket.join("joined")
            waiting.append(socket)
            gate.wait(5)

    served: Site = site(io)
    client = ReturningClient(served)
    client.come()
    client.socket.join(["news", "left"])
    io.emit("news", 0)
    client.read()
    client.cut()
    io.to("news").emit("news", 1)
    io.to("left").emit("left")
    client.ask()
    served.wait_until(lambda: bool(waiting))
    io.to("news").emit("news", 2)
    io.to("joined").emit("joined too early")
    io.to(client.sid).emit("news", 3)
    waiting[0].volatile.emit("volatile", "text")
    while len(client.held) < 2:
        client.receive()
    assert {data[-1] for data in client.held} == {client.offset}  # what it missed is still to come
    gate.set()
    while not client.connected:
        client.receive()
    assert client.recovered
    assert client.socket.rooms == {client.sid, "news", "joined"}
    io.to("joined").emit("joined")
    early = [["from the middleware", "text"], ["volatile", "text"]]
    assert client.read() == [["news", 0], *early, ["news", 1], ["news", 2], ["news", 3], ["joined"]]


def test_lost_while_a_middleware_is_at_work(site: Any, io: Server) -> None:
    gate = Event()
    waiting = []

    @io.use
    def slow(socket: Any) -> None:
        if socket.recovered:
            socket.emit("from the middleware")
            waiting.append(socket)
            gate.wait(5)

    served: Site = site(io)
    client = ReturningClient(served)
    client.come()
    client.cut()
    io.emit("news")
    client.ask()
    served.wait_until(lambda: bool(waiting))
    client.client.cut()
    served.wait_until(lambda: waiting[0].connection.closed)
    gate.set()
    client.come()
    assert client.recovered
    assert client.read() == [["from the middleware"], ["news"]]
    assert waiting[0].left_reason == "transport close"


def test_dropped_while_a_middleware_is_at_work(site: Any) -> None:
    """The session was there when the client asked, and is not when it may come in: everything begins anew."""
    io = recovering(max_bytes=10_000)
    gate = Event()
    ran: list[tuple[bool, str, dict[str, Any]]] = []

    @io.use
    def slow(socket: Any) -> None:
        ran.append((socket.recovered, socket.id, dict(socket.data)))
        if socket.recovered:
            gate.wait(5)

    served: Site = site(io)
    client = ReturningClient(served)
    client.come()
    sid, pid = client.sid, client.pid
    client.socket.join("news")
    client.socket.data["a"] = 1
    client.cut()
    client.ask()
    served.wait_until(lambda: len(ran) == 2)
    for _ in range(20):
        io.to("news").emit("news", "x" * 1000)
    gate.set()
    while not client.connected:
        client.receive()
    assert fresh(client, sid, pid)
    assert client.read() == []
    assert ran == [(False, sid, {}), (True, sid, {"a": 1}), (False, client.sid, {})]
    assert client.socket.rooms == {client.sid}


# -- what it costs


def test_nothing_is_kept_for_nobody(served: Site, io: Server) -> None:
    log = io.root.adapter._log  # type: ignore[attr-defined]
    io.emit("news")
    client = ReturningClient(served)
    client.come()
    io.to("nobody").emit("news")
    assert len(log) == 0
    client.cut()
    io.to("nobody").emit("news")
    io.except_(client.sid).emit("news")
    assert len(log) == 0
    io.emit("news")
    assert len(log) == 1


def test_sessions_are_bounded(site: Any, caplog: pytest.LogCaptureFixture) -> None:
    io = recovering(max_bytes=20_000)
    served: Site = site(io)
    clients = [ReturningClient(served) for _ in range(30)]
    for client in clients:
        client.come()
        client.socket.data["large"] = "x" * 2000
        client.cut()
    adapter: Any = io.root.adapter
    assert 20 < adapter.sessions_dropped < 28
    assert adapter.sessions_dropped + len(adapter._sessions) == 30
    assert len([record for record in caplog.records if "max_bytes" in record.message]) == 1
    clients[0].come()
    assert not clients[0].recovered
    clients[-1].come()
    assert clients[-1].recovered


def test_a_session_does_not_hold_the_socket(served: Site, io: Server) -> None:
    client = ReturningClient(served)
    client.come()
    former = ref(client.socket)
    client.cut()
    served.clients.clear()
    served.wait_until(lambda: gc.collect() >= 0 and former() is None)
    client.come()
    assert client.recovered


def test_all_goes_with_time(site: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("geventio.socketio.recovery.adapter.TICK", 0.02)
    io = Server(connection_state_recovery={"max_disconnection_duration": 0.1}, ping_interval=0.04, ping_timeout=0.01)
    served: Site = site(io)
    adapter: Any = io.root.adapter
    for _ in range(2):
        client = ReturningClient(served)
        client.come()
        client.socket.join("room")
        io.to("room").emit("news")
        client.cut()
        io.to("room").emit("news")
        assert len(adapter._sessions) == 1
        assert len(adapter._log) == 2
        served.wait_until(lambda: not adapter._sessions and not adapter._log)
        served.wait_until(lambda: adapter._timer is None)
        assert len(adapter._sessions._away) == adapter._log.size == adapter._sessions._size == 0


def test_a_value_that_is_encoded_by_a_hook_that_emits(site: Any) -> None:
    """The hook may block too: others emit meanwhile, and everything keeps its order."""

    class Slow:
        pass

    def encode(value: Any) -> str:
        sleep(0.001)
        io.emit("from the hook")
        return "slow"

    io = Server(connection_state_recovery=True, json_default=encode)
    served: Site = site(io)
    client = ReturningClient(served)
    client.come()
    emitted = []

    def hook(value: Any) -> str:
        emitted.append(value)
        if len(emitted) < 3:
            io.emit("from the hook", len(emitted))
            sleep(0.001)
        return "slow"

    io.parser.default = hook  # type: ignore[attr-defined]
    client.socket.emit("own", Slow())
    assert client.read() == [["from the hook", 1], ["from the hook", 2], ["own", "slow"]]
    emitted.clear()
    io.emit("all", Slow())
    client.read()
    client.offset = None
    client.cut()
    client.events.clear()
    client.come()
    assert client.recovered
    hooked = [["from the hook", 1], ["from the hook", 2]]
    assert client.read() == [*hooked, ["own", "slow"], *hooked, ["all", "slow"]]


def test_an_event_that_cannot_be_encoded_leaves_no_hole(served: Site, io: Server) -> None:
    client = ReturningClient(served)
    client.come()
    for emit in (io.emit, client.socket.emit):
        with pytest.raises(TypeError):
            emit("news", object())
    io.emit("news")
    assert client.read() == [["news"]]
    assert client.offset is not None
    assert client.offset.endswith(".1")


def test_a_temporary_namespace_waits_for_those_who_may_come_back(site: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("geventio.socketio.recovery.adapter.TICK", 0.02)
    io = Server(connection_state_recovery={"max_disconnection_duration": 0.5}, cleanup_empty_child_namespaces=True)
    io.of("/job/{id}").on("connection", lambda socket: Site.add_round_trip(socket.namespace))
    served: Site = site(io)
    client = ReturningClient(served, namespace="/job/7")
    client.come()
    namespace = io.namespaces["/job/7"]
    client.socket.namespace.emit("news", 1)
    client.read()
    client.cut()
    namespace.emit("news", 2)
    assert io.namespaces["/job/7"] is namespace
    client.come()
    assert client.recovered
    assert client.read() == [["news", 1], ["news", 2]]
    client.cut()
    served.wait_until(lambda: "/job/7" not in io.namespaces)


def test_the_server_shuts_down(served: Site, io: Server) -> None:
    client = ReturningClient(served)
    client.come()
    socket = client.socket
    io.close()
    with pytest.raises(Closed):
        client.read()
    assert socket.left_reason == "server shutting down"
    socket.emit("nobody is there")
    io.emit("nobody is there")
