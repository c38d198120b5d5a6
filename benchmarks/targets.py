"""What geventio has to reach, and whether it does.

A bound is a number, or a share of another cell of the same run. Numbers hold for the machine that they were set on
(two cores at 2.6 GHz, CPython 3.11); shares hold anywhere.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from .workloads import Figures

Results = Mapping[str, Mapping[str, Figures]]
"""Figures by workload, then by server."""


@dataclass(frozen=True)
class Target:
    """`figure` of `server` in `workload` is at most `factor` (with `than`: times that workload's and server's)."""

    workload: str
    figure: str
    factor: float
    than: tuple[str, str] | None = None
    server: str = "geventio"

    def value(self, results: Results) -> float | None:
        """Return what was measured, or None where it was not."""
        return results.get(self.workload, {}).get(self.server, {}).get(self.figure)

    def bound(self, results: Results) -> float | None:
        """Return the most that it may be, or None where what it is compared with was not measured."""
        if self.than is None:
            return self.factor
        other = results.get(self.than[0], {}).get(self.than[1], {}).get(self.figure)
        return None if other is None else self.factor * other

    @property
    def text(self) -> str:
        """The bound in words."""
        if self.than is None:
            return f"{self.factor:,g}"
        workload, server = self.than
        name = server if workload == self.workload else f"{server} in {workload}"
        return f"{self.factor:g} × {name}"


def _than(workload: str, figure: str, factor: float, server: str, of: str = "geventio") -> Target:
    return Target(workload, figure, factor, (workload, server), of)


TARGETS = (
    _than("echo-100", "cpu_us", 1.0, "node"),
    Target("echo-100", "cpu_us", 14),
    Target("echo-1000", "cpu_us", 15),
    Target("echo-10000", "cpu_us", 1.3, ("echo-100", "geventio")),
    _than("pipelined", "cpu_us", 0.8, "node"),
    Target("pipelined", "cpu_us", 6),
    _than("broadcast", "cpu_us", 0.5, "node"),
    Target("broadcast", "cpu_us", 3.5),
    Target("broadcast-deflated", "cpu_us", 1.5, ("broadcast-2000", "geventio")),
    _than("connect", "cpu_us", 1.0, "node"),
    Target("connect", "cpu_us", 120),
    _than("polling", "cpu_us", 1.0, "node"),
    Target("polling", "cpu_us", 30),
    _than("polling", "cpu_us", 1.0, "python-asgi", "geventio-wsgi"),
    Target("polling", "cpu_us", 143, server="geventio-wsgi"),
    _than("latency", "p50_us", 2.0, "node"),
    Target("latency", "p99_us", 20_000),
    Target("latency", "p99_us", 20_000, server="geventio-wsgi"),
    Target("idle-5000", "bytes", 4_000),
    Target("idle-5000", "bytes", 4_000, server="geventio-wsgi"),
    Target("idle-10000", "bytes", 4_000),
)
