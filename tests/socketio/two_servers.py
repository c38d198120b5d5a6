"""Servers in one process that know of each other over a bus: the least that makes a cluster adapter.

Nothing but bytes passes between them, and it is delivered later, as on a network. It stands on the `Adapter` interface
alone: what works here works with any adapter.
"""

from collections import defaultdict
from collections.abc import Callable, Collection
from itertools import count
from typing import Any

import gevent
import msgpack

from geventio import AdapterError, Disconnected, Namespace
from geventio.protocol.socketio import Packet, PacketType
from geventio.runtime import Waiter
from geventio.socketio.adapter import AckCollector, BroadcastOptions, RoomWatcher
from geventio.socketio.descriptions import SocketDescription
from geventio.socketio.local_adapter import LocalAdapter
from geventio.socketio.recovery.saved_session import NoSessions

LIMIT = 1.0  # seconds that a server has to answer


class Bus:
    """What the servers of a test speak over: ``Server(adapter=bus.adapter)``."""

    def __init__(self) -> None:
        self.listening: defaultdict[str, dict[str, BusAdapter]] = defaultdict(dict)
        self.made = count(1)

    def adapter(self, namespace: Namespace) -> "BusAdapter":
        return BusAdapter(self, namespace, f"server {next(self.made)}")


class BusAdapter(NoSessions):
    """The adapter of one namespace on one server."""

    def __init__(self, bus: Bus, namespace: Namespace, uid: str) -> None:
        self.local = LocalAdapter(namespace)
        self.namespace = namespace
        self.bus = bus
        self.uid = uid
        self.requests = count(1)
        self.pending: dict[int, Callable[[dict[str, Any]], None]] = {}
        self.deaf = False

    # -- the bus

    def start(self) -> None:
        self.bus.listening[self.namespace.name][self.uid] = self

    def close(self) -> None:
        del self.bus.listening[self.namespace.name][self.uid]

    def others(self) -> list[str]:
        return [uid for uid in self.bus.listening[self.namespace.name] if uid != self.uid]

    def publish(self, uids: list[str], **message: Any) -> None:
        data = msgpack.packb({"from": self.uid, **message})
        listening = self.bus.listening[self.namespace.name]
        for uid in uids:
            if uid in listening:  # one that has closed hears nothing
                gevent.spawn(listening[uid].receive, data)

    def receive(self, data: bytes) -> None:
        if self.deaf:
            return
        message = msgpack.unpackb(data)
        if message["kind"] == "answer":
            answered = self.pending.get(message["request"])
            if answered is not None:
                answered(message)
        else:
            getattr(self, "do_" + message["kind"])(message)

    def answer(self, message: dict[str, Any], **content: Any) -> None:
        if message["request"] is not None:
            self.publish([message["from"]], kind="answer", request=message["request"], **content)

    def ask(self, kind: str, options: BroadcastOptions) -> list[Any]:
        """What every other server answers."""
        others = [] if options.local else self.others()
        if not others:
            return []
        answers: list[Any] = []
        waiter: Waiter[None] = Waiter()

        def answered(message: dict[str, Any]) -> None:
            answers.append(message["content"])
            if len(answers) == len(others):
                waiter.set(None)

        request = next(self.requests)
        self.pending[request] = answered
        self.publish(others, kind=kind, request=request, options=plain(options))
        try:
            waiter.wait(LIMIT)
        except TimeoutError:
            raise AdapterError(f"{len(answers)} of {len(others)} servers answered") from None
        finally:
            del self.pending[request]
        return answers

    # -- sockets of this server

    def add(self, sid: str) -> None:
        self.local.add(sid)

    def remove(self, sid: str) -> frozenset[str]:
        return self.local.remove(sid)

    def join(self, sid: str, rooms: Collection[str]) -> None:
        self.local.join(sid, rooms)

    def leave(self, sid: str, room: str) -> None:
        self.local.leave(sid, room)

    def rooms_of(self, sid: str) -> frozenset[str]:
        return self.local.rooms_of(sid)

    def watch_rooms(self, watcher: RoomWatcher) -> None:
        self.local.watch_rooms(watcher)

    # -- events

    def broadcast(self, packet: Packet, options: BroadcastOptions) -> None:
        if not options.local:
            self.publish(self.others(), kind="broadcast", data=packet.data, options=plain(options))
        self.local.broadcast(packet, options)

    def do_broadcast(self, message: dict[str, Any]) -> None:
        self.local.broadcast(self.event(message["data"]), chosen(message["options"]))

    def event(self, data: list[Any]) -> Packet:
        return Packet(PacketType.EVENT, self.namespace.name, data)

    def broadcast_with_ack(
        self, packet: Packet, options: BroadcastOptions, collector: AckCollector, timeout: float
    ) -> None:
        others = [] if options.local else self.others()
        collector.more_servers(len(others))
        request = self.gather(collector, timeout)
        content = {"request": request, "data": packet.data, "options": plain(options), "timeout": timeout}
        self.publish(others, kind="broadcast_with_ack", **content)
        self.local.broadcast_with_ack(packet, options, collector, timeout)

    def gather(self, collector: AckCollector, timeout: float) -> int:
        """Tell *collector* what other servers answer."""

        def answered(message: dict[str, Any]) -> None:
            if "asked" in message:
                collector.expect(message["asked"])
            else:
                gone = message.get("gone")
                collector.collect(message["id"], None if gone is None else Disconnected(gone), message["args"])

        request = next(self.requests)
        self.pending[request] = answered
        gevent.spawn_later(timeout, self.pending.pop, request)
        return request

    def do_broadcast_with_ack(self, message: dict[str, Any]) -> None:
        options, timeout = chosen(message["options"]), message["timeout"]
        self.local.broadcast_with_ack(self.event(message["data"]), options, Passing(self, message), timeout)

    # -- sockets

    def fetch_sockets(self, options: BroadcastOptions) -> list[SocketDescription]:
        answers = self.ask("fetch_sockets", options)
        remote = [SocketDescription.from_plain(found) for answer in answers for found in answer]
        return self.local.fetch_sockets(options) + remote

    def do_fetch_sockets(self, message: dict[str, Any]) -> None:
        found = self.local.fetch_sockets(chosen(message["options"]))
        self.answer(message, content=[description.to_plain() for description in found])

    def sockets_join(self, options: BroadcastOptions, rooms: Collection[str]) -> None:
        self.everywhere("sockets_join", options, sorted(rooms))

    def sockets_leave(self, options: BroadcastOptions, rooms: Collection[str]) -> None:
        self.everywhere("sockets_leave", options, sorted(rooms))

    def disconnect_sockets(self, options: BroadcastOptions, close: bool) -> None:
        self.everywhere("disconnect_sockets", options, close)

    def everywhere(self, method: str, options: BroadcastOptions, argument: Any) -> None:
        if not options.local:
            self.publish(self.others(), kind="everywhere", method=method, options=plain(options), argument=argument)
        getattr(self.local, method)(options, argument)

    def do_everywhere(self, message: dict[str, Any]) -> None:
        getattr(self.local, message["method"])(chosen(message["options"]), message["argument"])

    def rooms(self, options: BroadcastOptions) -> frozenset[str]:
        return self.local.rooms(options).union(*self.ask("rooms", options))

    def do_rooms(self, message: dict[str, Any]) -> None:
        self.answer(message, content=sorted(self.local.rooms(chosen(message["options"]))))

    def count(self, options: BroadcastOptions) -> int:
        return self.local.count(options) + sum(self.ask("count", options))

    def do_count(self, message: dict[str, Any]) -> None:
        self.answer(message, content=self.local.count(chosen(message["options"])))

    # -- the servers

    def server_count(self) -> int:
        return 1 + len(self.others())

    def server_side_emit(self, args: list[Any], collector: AckCollector | None, timeout: float) -> None:
        others = self.others()
        request = None
        if collector is not None:
            collector.expect(others)
            request = self.gather(collector, timeout)
        self.publish(others, kind="server_side_emit", args=args, request=request)

    def do_server_side_emit(self, message: dict[str, Any]) -> None:
        self.namespace.server_side_received(
            message["args"], lambda value: self.answer(message, id=self.uid, args=[value])
        )


class Passing:
    """Tells another server what this one's clients acknowledge (an AckCollector)."""

    def __init__(self, adapter: BusAdapter, message: dict[str, Any]) -> None:
        self.adapter = adapter
        self.message = message

    def more_servers(self, count: int) -> None:
        raise AssertionError("a LocalAdapter is one server")

    def expect(self, ids: Collection[str]) -> None:
        self.adapter.answer(self.message, asked=list(ids))

    def collect(self, id: str, error: Exception | None, args: list[Any]) -> None:
        gone = error.reason if isinstance(error, Disconnected) else None
        if error is None or gone is not None:
            self.adapter.answer(self.message, id=id, args=args, gone=gone)


def plain(options: BroadcastOptions) -> dict[str, Any]:
    rooms = None if options.rooms is None else sorted(options.rooms)
    return {"rooms": rooms, "excluded": sorted(options.excluded), "volatile": options.volatile}


def chosen(options: dict[str, Any]) -> BroadcastOptions:
    rooms = None if options["rooms"] is None else frozenset(options["rooms"])
    return BroadcastOptions(rooms, frozenset(options["excluded"]), options["volatile"])
