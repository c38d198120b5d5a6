"""The results as text."""

from collections.abc import Sequence

from .contenders import Contender
from .targets import TARGETS, Results
from .workloads import Figures, Workload

PEERS = ("node", "python-gevent", "python-asgi")
FIGURES = (  # key, heading, whether the other servers are compared with geventio in it
    ("cpu_us", "Server CPU, µs per unit", True),
    ("per_second", "Throughput, units per second", False),
    ("p50_us", "Latency p50, µs", False),
    ("p99_us", "Latency p99, µs", False),
    ("bytes", "Memory, bytes per idle client", True),
    ("bytes_collected", "The same, after a forced collection", True),
    ("load_cpu", "Load generator, share of its processor", False),
)


DISTURBED = 0.12  # of the window, the server ready to run and something else on its processor


def is_disturbed(figures: Figures) -> bool:
    """Tell whether other work on the machine kept the server waiting."""
    return figures.get("server_wait", 0) > DISTURBED


def cell(figures: Figures, key: str) -> str:
    """Format one figure, marked with ~ where the measurement was disturbed."""
    mark = "~" if key == "cpu_us" and is_disturbed(figures) else ""
    return mark + number(figures.get(key))


def number(value: float | None) -> str:
    """Format with about three digits."""
    if value is None:
        return "-"
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def aligned(rows: Sequence[Sequence[str]]) -> str:
    """Lay out rows in columns: the first to the left, the others to the right."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = []
    for row in rows:
        cells = [row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)


def figure_table(results: Results, workloads: Sequence[Workload], contenders: Sequence[Contender]) -> str:
    """Return a section for each figure: a row for each workload, a column for each server."""
    sections = []
    peers = [name for name in PEERS if any(name == contender.name for contender in contenders)]
    for key, heading, compared in FIGURES:
        ratios = peers if compared and any(contender.name == "geventio" for contender in contenders) else []
        rows = [
            [heading, *(contender.title for contender in contenders), *(f"geventio/{_title(peer)}" for peer in ratios)]
        ]
        for workload in workloads:
            cells = results.get(workload.name, {})
            if not any(key in figures for figures in cells.values()):
                continue
            ours = cells.get("geventio", {}).get(key)
            rows.append(
                [
                    f"  {workload.title} ({workload.unit})" if key == "cpu_us" else f"  {workload.title}",
                    *(cell(cells.get(contender.name, {}), key) for contender in contenders),
                    *(_ratio(ours, cells.get(peer, {}).get(key)) for peer in ratios),
                ]
            )
        if len(rows) > 1:
            sections.append(aligned(rows))
    return "\n\n".join(sections)


def target_table(results: Results) -> str:
    """Return a row for each target whose figure was measured."""
    rows = [["Targets", "figure", "measured", "at most", "which is", ""]]
    for target in TARGETS:
        value, bound = target.value(results), target.bound(results)
        if value is None:
            continue
        mark = "?" if bound is None else "pass" if value <= bound else "MISS"
        name = f"  {target.server}: {target.workload}"
        rows.append([name, target.figure, number(value), target.text, number(bound), mark])
    return aligned(rows) if len(rows) > 1 else ""


def _ratio(ours: float | None, theirs: float | None) -> str:
    return "-" if ours is None or not theirs else f"{ours / theirs:.2f}"


def _title(name: str) -> str:
    return {"node": "Node.js", "python-gevent": "gevent", "python-asgi": "uvicorn"}[name]
