"""The part of the reference application with namespaces that clients' requests make, and with a class."""

from typing import Any

from geventio import ConnectionRejected, Namespace, Server


class Counter(Namespace):
    """A namespace with handlers as methods and state of its own."""

    def __init__(self, server: Server, name: str) -> None:
        super().__init__(server, name)
        self.counts: dict[str, int] = {}

    def on_add(self, socket: Any, amount: int) -> list[Any]:
        self.counts[socket.id] = self.counts.get(socket.id, 0) + amount
        return [self.name, socket.params, self.counts[socket.id]]


def members(name: str, auth: dict[str, Any]) -> bool:
    """Who may be in a namespace below ``/club/``."""
    if not name.startswith("/club/"):
        return False
    if auth.get("banned"):
        raise ConnectionRejected("banned", {"until": "tomorrow", "name": name})
    return auth.get("member") == name.removeprefix("/club/")


def dynamic_namespaces(io: Server) -> list[Namespace]:
    """Add them; returns them all."""
    jobs = io.of("/job/{id}")
    counter = io.of("/counter", Counter)
    counters = io.of("/counter/{owner}", Counter)
    club = io.of(members)

    @jobs.on("connection")
    def join(socket: Any) -> None:
        socket.join(f"job {socket.params['id']}")

    @jobs.on("which")
    def which(socket: Any) -> list[Any]:
        return [socket.namespace.name, socket.params]

    @jobs.on("tell jobs")
    def tell_jobs(socket: Any, ids: Any, text: str) -> None:
        jobs.to([f"job {id}" for id in ids]).emit("told", text, socket.params["id"])

    @club.on("which")
    def club_name(socket: Any) -> str:
        return str(socket.namespace.name)

    return [jobs, counter, counters, club]
