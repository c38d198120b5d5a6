"""Whether this process is monkey-patched, said once, in the log ``geventio.patching``, where it is not.

Not patched, everything of geventio works; but whatever waits in the standard library (a database driver's socket,
``time.sleep``, a lock) stops the hub, and with it every client. That is the commonest trouble of code that runs on
gevent, and it shows as something else: clients that time out, requests that take turns. So the first thing that serves
looks, and the log says which modules are concerned and which two lines are missing.
"""

import logging
import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Any, Final

from gevent import monkey

logger = logging.getLogger("geventio.patching")

MATTERS: Final = ("socket", "ssl", "select", "time", "_thread", "threading", "queue", "subprocess", "os")
"""What ``monkey.patch_all()`` patches and code that serves waits in."""
WAITING: Final = (
    ("time", "sleep"),
    ("socket", "socket"),
    ("socket", "create_connection"),
    ("socket", "getaddrinfo"),
    ("select", "select"),
    ("ssl", "SSLContext"),
    ("ssl", "SSLSocket"),
    ("subprocess", "Popen"),
    ("threading", "Event"),
)
"""What a module may have imported by name before it was patched, and would wait in."""
OWN: Final = frozenset({"gevent", "geventio", "greenlet", "gunicorn", "geventwebsocket"})
"""Packages that know what they hold."""
NAMED: Final = 8
"""Modules that one line of the log names."""

_looked = False


def check_patching() -> None:
    """Look, once in a process, and warn."""
    global _looked  # noqa: PLW0603 (the one place that changes it)
    if _looked:
        return
    _looked = True
    missing = unpatched_modules()
    if missing:
        logger.warning(
            "not monkey-patched: %s. Whatever waits in them (a database driver, requests, time.sleep, a lock) stops "
            "every client of this process until it is done. Make these the first two lines of the program, before any "
            "other import:\n    from gevent import monkey\n    monkey.patch_all()\n(gunicorn's gevent workers do it "
            "themselves.) A program that waits nowhere else may silence the logger %r",
            ", ".join(missing),
            logger.name,
        )
        return
    stale = sorted(stale_imports())
    if stale:
        more = f" and {len(stale) - NAMED} more" if len(stale) > NAMED else ""
        logger.warning(
            "imported before monkey.patch_all(), and so still waiting unpatched, which stops every client: %s%s. Call "
            "monkey.patch_all() in the first two lines of the program, before any other import (with gunicorn "
            "--preload: in the configuration file)",
            ", ".join(stale[:NAMED]),
            more,
        )


def unpatched_modules() -> list[str]:
    """Names of the modules that matter and are not patched."""
    missing = [name for name in MATTERS if not monkey.is_module_patched(name)]
    if "threading" in missing and "_thread" in missing:
        missing.remove("_thread")
    return missing


def stale_imports() -> Iterator[str]:
    """Modules that hold by name what was patched after they were imported: ``module (name)``."""
    originals: dict[int, Any] = {}
    for where, name in WAITING:
        original = monkey.get_original(where, name)
        if original is not getattr(sys.modules.get(where), name, original):
            originals[id(original)] = original
    for name, module in list(sys.modules.items()):
        top = name.partition(".")[0]
        if top in OWN or top in sys.stdlib_module_names or not isinstance(module, ModuleType):
            continue
        held = [each for each, value in list(vars(module).items()) if originals.get(id(value)) is value is not None]
        if held:
            yield f"{name} ({', '.join(sorted(held))})"
