"""The rows of the table: what the load generator is told to do for each."""

import json
import subprocess
from dataclasses import dataclass

from . import install
from .contenders import RunningServer, on_processor, processors

Figures = dict[str, float]


class LoadError(Exception):
    """The load generator saw what it must not see; its own words say what."""


@dataclass(frozen=True)
class Workload:
    """One row.

    `fresh`: wants a server that has served nothing before, and is measured in the first round only. `last`: is measured
    after all others of its round, because slow servers need long to recover from it.
    """

    name: str
    title: str
    unit: str
    arguments: tuple[str, ...]
    fresh: bool = False
    last: bool = False

    def run(self, server: RunningServer, seconds: float, warm_up: float = 0.5) -> Figures:
        """Load the server, and return the figures of a window of `seconds`; LoadError when something went wrong."""
        command = [
            *(str(install.LOAD), *self.arguments),
            *("--port", str(server.port), "--pid", ",".join(map(str, server.pids()))),
            *("--warm-up", str(warm_up), "--seconds", str(seconds)),
        ]
        with on_processor(processors()[1]):
            load = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        try:
            output, complaint = load.communicate()
        finally:
            load.kill()  # when interrupted; it has ended otherwise
        if load.returncode:
            raise LoadError(complaint.strip() or f"ended with status {load.returncode}")
        return {key: value for key, value in json.loads(output).items() if isinstance(value, int | float)}


def echo(clients: int) -> Workload:
    """Return the row of so many clients that each have one message in flight."""
    arguments = ("echo", "--clients", str(clients))
    return Workload(f"echo-{clients}", f"echo, {clients:,} clients", "message", arguments, last=clients > 2000)


def idle(clients: int) -> Workload:
    """Return the row of so many clients that do nothing but stay."""
    arguments = ("idle", "--clients", str(clients), "--collect")
    return Workload(f"idle-{clients}", f"idle, {clients:,} clients", "connection that stays", arguments, fresh=True)


PIPELINED = Workload(
    "pipelined", "echo, 20 clients, 16 in flight", "message", ("echo", "--clients", "20", "--depth", "16")
)
BROADCAST = Workload("broadcast", "broadcast to 1,000", "delivery", ("broadcast", "--clients", "1000"))
RECORDS = ("broadcast", "--clients", "1000", "--size", "2000")
LARGE_BROADCAST = Workload("broadcast-2000", "2,000 bytes to 1,000", "delivery", RECORDS)
DEFLATED_BROADCAST = Workload("broadcast-deflated", "the same, compressed", "delivery", (*RECORDS, "--deflate"))
CONNECT = Workload("connect", "connect, WebSocket", "connection", ("connect", "--clients", "32"))
POLLING = Workload("polling", "polling echo, 50 clients", "round trip", ("polling", "--clients", "50"))
POLLING_CONNECT = Workload("polling-connect", "connect, polling", "connection", ("polling-connect", "--clients", "32"))
LATENCY = Workload("latency", "polling echo, 1 client", "round trip", ("polling", "--clients", "1"))


def workloads(clients: list[int], idle_clients: list[int]) -> list[Workload]:
    """Return all rows, in their order; the counts are of the echo and of the idle rows."""
    return [
        *map(echo, clients),
        PIPELINED,
        BROADCAST,
        LARGE_BROADCAST,
        DEFLATED_BROADCAST,
        CONNECT,
        POLLING,
        LATENCY,
        POLLING_CONNECT,
        *map(idle, idle_clients),
    ]
