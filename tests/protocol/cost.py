"""Growth of cost with size, measured as a ratio: a loaded machine slows both sizes alike."""

import gc
import time
from collections.abc import Callable


def growth(work: Callable[[int], object], size: int, rounds: int = 3) -> float:
    """Return time(2 * size) / time(size) of *work*, from the best of *rounds*: about 2 if linear, 4 if quadratic.

    The garbage collector is off meanwhile: what it costs depends on what else is alive.
    """
    small = large = float("inf")
    gc.collect()
    gc.disable()
    try:
        for _ in range(rounds):
            small = min(small, _time(work, size))
            large = min(large, _time(work, 2 * size))
    finally:
        gc.enable()
    return large / small


def _time(work: Callable[[int], object], size: int) -> float:
    started = time.thread_time()
    work(size)
    return time.thread_time() - started
