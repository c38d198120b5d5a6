"""Run the benchmarks: `python -m benchmarks [--quick] [--only echo,broadcast] [--servers node,geventio] [--json FILE]`.

All servers are started once and take their turns row by row (A B C, A B C), in several rounds; a cell is the median of
its rounds. Whatever moves the machine for a while then moves all of them. A measurement in which something else had the
server's processor is taken again: the more a server is interrupted, the more its work costs.
"""

import argparse
import json
import platform
import signal
import statistics
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from . import install, table
from .contenders import CONTENDERS, Contender, RunningServer, ServerError, processors
from .workloads import CONNECT, LATENCY, Figures, LoadError, Workload, echo, workloads

Runs = dict[str, dict[str, list[Figures]]]
ATTEMPTS = 3  # at one measurement, while it is disturbed
PATIENCE = 150.0  # seconds since the start after which a disturbed measurement is taken as it is
PATIENCE_ONCE = 8.0  # seconds that a measurement may take to be worth a second attempt


class Benchmark:
    """One run over chosen servers and rows."""

    def __init__(
        self, contenders: Sequence[Contender], rows: Sequence[Workload], rounds: int, seconds: float, budget: float
    ) -> None:
        self.contenders = contenders
        self.rows = rows
        self.rounds = rounds
        self.seconds = seconds
        self.budget = budget
        self.runs: Runs = {row.name: {} for row in rows}
        self.failures: list[str] = []
        self._began = time.monotonic()

    def run(self) -> None:
        """Take all measurements; what fails is noted in `failures` and leaves its cell empty."""
        for row in self.rows:
            for contender in self.contenders if row.fresh else ():
                with ExitStack() as stack:
                    if contender.runs(row.name) and (server := self._start(contender, stack)):
                        self._measure(row, server, 0)
        shared = sorted((row for row in self.rows if not row.fresh), key=lambda row: row.last)
        with ExitStack() as stack:
            servers = [server for each in self.contenders if shared and (server := self._start(each, stack))]
            for server in servers:
                self._warm_up(server)
            for number in range(self.rounds):
                for row in shared:
                    for server in servers:
                        if number < server.contender.rounds and (number == 0 or self._elapsed() < self.budget):
                            self._measure(row, server, number)

    def results(self) -> dict[str, dict[str, Figures]]:
        """Return the median of each figure, by workload and server, of the undisturbed runs where there are any."""
        return {
            row: {server: _medians(runs) for server, runs in by_server.items()} for row, by_server in self.runs.items()
        }

    def _start(self, contender: Contender, stack: ExitStack) -> RunningServer | None:
        try:
            contender.prepare()
            server = stack.enter_context(RunningServer(contender))
            server.wait_until_serving()
        except (install.InstallError, ServerError) as error:
            if str(error) not in self.failures:
                self.failures.append(str(error))
            return None
        return server

    def _warm_up(self, server: RunningServer) -> None:
        """Let a just-in-time compiler see the code that counts."""
        for row in (echo(100), CONNECT, LATENCY):
            if server.contender.runs(row.name):
                self._attempt(row, server, 0.7)

    def _measure(self, row: Workload, server: RunningServer, number: int) -> None:
        if not server.contender.runs(row.name):
            return
        progress = f"round {number + 1}/{self.rounds}  {row.title:32} {server.contender.title:18}"
        print(f"{self._elapsed():4.0f} s  {progress}", end="", file=sys.stderr, flush=True)
        kept: Figures | None = None
        for _ in range(1 if row.fresh else ATTEMPTS):
            began = self._elapsed()
            figures = self._attempt(row, server, self.seconds)
            if figures is None:
                break
            if kept is None or figures["server_wait"] < kept["server_wait"]:
                kept = figures
            now = self._elapsed()
            if not table.is_disturbed(kept) or now > PATIENCE or now - began > PATIENCE_ONCE:
                break
        if kept:
            self.runs[row.name].setdefault(server.contender.name, []).append(kept)
        print(f" {table.cell(kept or {}, 'cpu_us'):>8} µs", file=sys.stderr, flush=True)

    def _elapsed(self) -> float:
        return time.monotonic() - self._began

    def _attempt(self, row: Workload, server: RunningServer, seconds: float) -> Figures | None:
        try:
            return row.run(server, seconds)
        except LoadError as error:
            said = server.log_tail()
            self.failures.append(f"{server.contender.name}, {row.name}: {error}" + (f"\n{said}" if said else ""))
            return None
        finally:
            if not server.wait_until_idle():
                self.failures.append(f"{server.contender.name} is still busy long after {row.name} has ended")


def _medians(runs: Sequence[Figures]) -> Figures:
    calm = [run for run in runs if not table.is_disturbed(run)] or runs
    return {key: statistics.median(run[key] for run in calm) for key in calm[0]}


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


def _counts(text: str) -> list[int]:
    return [int(name) for name in _names(text)]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="geventio beside other Socket.IO servers")
    parser.add_argument("--quick", action="store_true", help="one round, short windows, no row of 10,000 clients")
    parser.add_argument("--only", type=_names, help="rows, or families of rows: echo,idle-5000,broadcast")
    parser.add_argument("--servers", type=_names, help="of: " + ",".join(each.name for each in CONTENDERS))
    parser.add_argument("--clients", type=_counts, help="numbers of clients of the echo rows, default 100,1000,10000")
    parser.add_argument("--rounds", type=int, help="default 3; slow servers take part in the first only")
    parser.add_argument("--minutes", type=float, default=6, help="no further round is begun after so many; default 6")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures there too")
    return parser.parse_args()


def _chosen(arguments: argparse.Namespace) -> tuple[list[Contender], list[Workload]]:
    counts = arguments.clients or ([100, 1000] if arguments.quick else [100, 1000, 10_000])
    rows = workloads(counts, [2000] if arguments.quick else [5000, 10_000])
    if arguments.only:
        exact = {row.name for row in rows} & set(arguments.only)
        families = tuple(f"{name}-" for name in arguments.only if name not in exact)
        rows = [row for row in rows if row.name in exact or row.name.startswith(families)]
    names = arguments.servers or [each.name for each in CONTENDERS]
    unknown = set(names) - {each.name for each in CONTENDERS}
    if unknown or not rows:
        raise SystemExit(f"no such server: {', '.join(sorted(unknown))}" if unknown else "no such row")
    return [each for each in CONTENDERS if each.name in names], rows


def main() -> int:
    """Measure, print the tables, return the exit status: 1 when something did not run."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that the servers are ended
    arguments = _arguments()
    contenders, rows = _chosen(arguments)
    rounds: int = arguments.rounds or (1 if arguments.quick else 3)
    try:
        install.load_generator()
    except install.InstallError as error:
        raise SystemExit(str(error)) from error
    benchmark = Benchmark(contenders, rows, rounds, 0.7 if arguments.quick else 1.5, 60 * arguments.minutes)
    try:
        benchmark.run()
    except (KeyboardInterrupt, SystemExit):
        benchmark.failures.append("interrupted: the measurements that were to follow are missing")
    results = benchmark.results()
    print(f"{platform.machine()}, CPython {platform.python_version()}, processors {processors()}, {rounds} round(s)\n")
    print(table.figure_table(results, rows, contenders))
    print("\n" + table.target_table(results))
    for failure in benchmark.failures:
        print(f"\nFAILED {failure}")
    if arguments.json:
        arguments.json.write_text(json.dumps({"median": results, "runs": benchmark.runs}, indent=1) + "\n")
    return 1 if benchmark.failures else 0


if __name__ == "__main__":
    raise SystemExit(main())
