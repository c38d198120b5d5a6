"""Everything that sends, from other OS threads: nothing lost, in order, with the same values and errors."""

import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gevent
import pytest
from site_under_test import Site

from geventio import AckTimeout, ConfigurationError, Disconnected, Server
from geventio.protocol.socketio import PacketType

THREADS = 4
MESSAGES = 2000


def in_thread(function: Callable[[], Any]) -> Any:
    """What *function* returns in another OS thread, while the hub turns."""
    return gevent.get_hub().threadpool.spawn(function).get(timeout=20)


@pytest.fixture
def io() -> Server:
    return Server()


def test_threads_emit_to_several_clients(site: Any, io: Server, transport: str) -> None:
    served: Site = site(io)
    clients = [served.open(transport) for _ in range(3)]
    sids = [client.connect() for client in clients]
    sockets = [io.root.sockets[sid] for sid in sids]
    state: dict[str, Any] = {"number": -1, "nested": [{}]}

    def emit(who: int) -> None:
        mine = {"number": -1, "nested": [{}]} if who else state
        for number in range(MESSAGES):
            mine["number"] = mine["nested"][0]["number"] = number  # changed while earlier ones are on their way
            if who == 0:
                io.emit("news", who, mine)
            elif who == 1:
                io.to(sids).emit("news", who, mine)
            else:
                for socket in sockets:
                    (socket if who == 2 else socket.compress(False)).emit("news", who, mine)

    threads = [threading.Thread(target=emit, args=(who,)) for who in range(THREADS)]
    for thread in threads:
        thread.start()
    for client in clients:
        received: list[list[Any]] = [[] for _ in range(THREADS)]
        for _ in range(THREADS * MESSAGES):
            packet = client.receive()
            event, who, values = packet.data
            assert event == "news"
            assert values["nested"] == [{"number": values["number"]}]
            received[who].append(values["number"])
        assert received == [list(range(MESSAGES))] * THREADS
    for thread in threads:
        thread.join()


def test_rooms_and_the_order_of_calls(site: Any, io: Server) -> None:
    served: Site = site(io)
    client, other = served.websocket(), served.websocket()
    socket = io.root.sockets[client.connect()]
    other.connect()

    def work() -> None:
        socket.join("room")
        io.to("room").emit("first")
        socket.leave("room")
        io.to("room").emit("never")
        io.sockets_join({"all"})
        io.to("all").except_(socket.id).emit("others")
        io.in_("all").sockets_leave("all")
        io.to("all").emit("never")
        socket.emit("last")
        socket.disconnect()

    in_thread(work)
    assert client.receive().data == ["first"]
    assert client.receive().data == ["last"]
    assert client.receive().type is PacketType.DISCONNECT
    assert other.receive().data == ["others"]
    other.assert_nothing_came()


def test_volatile_events_are_judged_when_they_leave(site: Any, io: Server) -> None:
    served: Site = site(io)
    client = served.polling()
    socket = io.root.sockets[client.connect()]
    in_thread(lambda: (socket.volatile.emit("lost"), io.volatile.emit("lost"), io.count()))
    in_thread(lambda: socket.emit("kept"))
    assert client.receive().data == ["kept"]


def test_calls_block_the_thread_and_return_the_answer(site: Any, io: Server, transport: str) -> None:
    served: Site = site(io)
    client = served.open(transport)
    sid = client.connect()
    socket = io.root.sockets[sid]
    answers: list[Any] = []
    calls: list[Callable[[], Any]] = [
        lambda: socket.call("question", 1),
        lambda: socket.timeout(5).call("question", 2),
        lambda: list(io.timeout(5).call("question", 3)),
        lambda: io.fetch_sockets()[0].call("question", 4),
    ]
    for number, call in enumerate(calls, 1):
        thread = gevent.get_hub().threadpool.spawn(call)
        question = client.receive_question()
        assert question.data == ["question", number]
        client.answer(question, "answer", number)
        answers.append(thread.get(timeout=5))
    assert answers == [("answer", 1), ("answer", 2), [(sid, ("answer", 3))], ("answer", 4)]
    assert in_thread(io.count) == 1
    assert in_thread(io.rooms) == {sid}
    assert in_thread(lambda: io.server_side_call("anybody?")) == []


def test_calls_raise_in_the_thread(site: Any, io: Server) -> None:
    served: Site = site(io)
    client = served.websocket()
    socket = io.root.sockets[client.connect()]

    def work() -> list[str]:
        seen = []
        for call in (
            lambda: socket.call("question", timeout=0.05),
            lambda: socket.call("connect"),
            lambda: socket.emit("disconnect"),
            lambda: socket.emit("event", object()),
            lambda: io.emit("event", object()),
            lambda: io.to("room").volatile.emit("event", {1, 2}),
            lambda: socket.join(7),  # type: ignore[arg-type]
            lambda: io.emit("event", ack=print),  # type: ignore[call-arg]
            lambda: io.sockets_join(7),  # type: ignore[arg-type]
            lambda: io.timeout(-1),
        ):
            try:
                call()
                seen.append("nothing")
            except (AckTimeout, ConfigurationError, TypeError) as error:
                seen.append(type(error).__name__)
        return seen

    assert in_thread(work) == [
        "AckTimeout",
        "ConfigurationError",
        "ConfigurationError",
        "TypeError",
        "TypeError",
        "TypeError",
        "ConfigurationError",
        "TypeError",
        "ConfigurationError",
        "ConfigurationError",
    ]
    assert client.receive().data == ["question"]
    client.assert_nothing_came()


def test_a_call_ends_when_the_client_leaves(site: Any, io: Server) -> None:
    served: Site = site(io)
    client = served.websocket()
    socket = io.root.sockets[client.connect()]
    waiting = gevent.get_hub().threadpool.spawn(lambda: socket.call("question", timeout=None))
    client.receive_question()
    client.cut()
    with pytest.raises(Disconnected):
        waiting.get(timeout=5)


def test_a_handler_hands_its_acknowledgement_to_a_thread(site: Any, io: Server, transport: str) -> None:
    served: Site = site(io)

    @io.on("work")
    def work(socket: Any, number: int, *, ack: Any) -> None:
        threading.Thread(target=lambda: (ack("done", number), ack("twice"))).start()

    client = served.open(transport)
    client.connect()
    assert client.call("work", 7) == ["done", 7]


def test_ack_functions_are_called_in_the_hub_of_the_server(site: Any, io: Server) -> None:
    served: Site = site(io)
    client = served.websocket()
    sid = client.connect()
    socket = io.root.sockets[sid]
    here = threading.get_ident()

    def note(*values: Any) -> None:
        served.seen.put((threading.get_ident(), *map(str, values)))

    in_thread(lambda: socket.emit("question", ack=note))
    client.answer(client.receive_question(), 1)
    assert served.next() == (here, "1")
    in_thread(lambda: io.timeout(5).emit("question", ack=lambda replies: note(*replies)))
    client.answer(client.receive_question(), 2)
    assert served.next() == (here, str((sid, 2)))


def test_close_from_a_thread(site: Any, io: Server) -> None:
    served: Site = site(io)
    io.on("disconnect", lambda socket, reason: served.seen.put(reason))
    client = served.websocket()
    client.connect()
    in_thread(io.close)
    assert served.next() == "server shutting down"
    client.wait_closed()


def test_an_engine_alone(site: Any) -> None:
    from geventio import Engine, EngineIOMiddleware

    engine = Engine(path="/socket.io/")
    sockets: list[Any] = []
    engine.on("connection", sockets.append)
    served: Site = site(app=EngineIOMiddleware(engine))
    client = served.websocket()
    served.wait_until(lambda: bool(sockets))
    in_thread(lambda: [sockets[0].send(f"number {number}") for number in range(100)])
    assert [client.receive_packet() for _ in range(100)] == [f"4number {number}" for number in range(100)]
    in_thread(sockets[0].close)
    client.wait_closed()
    client = served.websocket()
    in_thread(engine.close)
    client.wait_closed()


def test_a_server_that_nobody_has_come_to_yet(io: Server) -> None:
    in_thread(lambda: (io.emit("event"), io.to("room").emit("event"), io.count(), io.close()))


@pytest.mark.parametrize("patched", [True, False])
def test_threads_of_a_server_that_is_a_process(patched: bool) -> None:
    """In a patched process ``threading.Thread`` is a greenlet: the real threads are gevent's pool's and raw ones."""
    done = subprocess.run(
        [sys.executable, str(Path(__file__).parent / "threads_of_a_process.py"), "patched" if patched else ""],
        capture_output=True, text=True, timeout=60, check=False,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent)},
    )  # fmt: skip
    assert (done.stdout, done.returncode) == ("all there, in order\n", 0), done.stdout + done.stderr
    assert "Traceback" not in done.stderr
