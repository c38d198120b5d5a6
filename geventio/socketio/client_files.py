"""The JavaScript client, served below the server's path: ``<script src="/socket.io/socket.io.min.js"></script>``.

The bundles are found in ``node_modules``, in the working directory or one above it (``npm install socket.io-client``),
or in a folder that ``serve_client`` names::

    io = Server(serve_client="static/socket.io")

Nothing else is ever served from there: the eight names in :data:`NAMES` are the whole of it. A file is read in a thread
and kept in memory; at most once a second somebody looks whether it has changed. Clients that accept it get the
``.br`` or ``.gz`` file beside it, if that is not older, or what was compressed here once.
"""

import gzip
import hashlib
import logging
import os
import stat
from collections.abc import Iterable
from errno import EAGAIN, EINVAL, EPERM
from pathlib import Path
from time import monotonic
from typing import Final, NamedTuple

from geventio.engineio.compression import accepted_encoding
from geventio.engineio.errors import ErrorCode, RequestRejected
from geventio.engineio.refusals import Refusals
from geventio.engineio.request import Headers, Request, Response
from geventio.exceptions import ConfigurationError
from geventio.runtime import current_runtime

logger = logging.getLogger("geventio.socketio")

NAMES: Final = frozenset(
    bundle + suffix
    for bundle in ("socket.io.js", "socket.io.min.js", "socket.io.esm.min.js", "socket.io.msgpack.min.js")
    for suffix in ("", ".map")
)
IN_NODE_MODULES: Final = ("node_modules/socket.io-client/dist", "node_modules/socket.io/client-dist")
CODINGS: Final = {"br": ".br", "gzip": ".gz"}
"""Content codings in the order in which they are preferred, and what the names of such files end with."""
FRESH: Final = 1.0
"""Seconds in which nobody looks whether a file has changed."""
MAX_SIZE: Final = 8_000_000
"""Bytes of the largest file; the bundles and their maps have less than one million."""
MAX_TAGS: Final = 20
IDENTITY: Final = "identity"

LEVELS: Final = 3
"""Folders between a file and the one that npm was called in."""

Stamp = tuple[str, int, int, int]
"""Path, time of the last change, size and inode of a file: what tells it from another."""


class ClientFile(NamedTuple):
    """One file, ready to be sent."""

    stamps: tuple[Stamp, ...]
    tag: str
    bodies: dict[str, bytes]
    """By content coding, ``identity`` among them."""


class ClientFiles:
    """The client's files of one server (see Files in ``engineio/hooks.py``)."""

    def __init__(self, folder: bool | str | os.PathLike[str], path: str, refusals: Refusals) -> None:
        """*folder*: where the files are; True: in ``node_modules``. *path*: the server's.

        :raises ConfigurationError: when it is no folder.
        """
        self._base = path.rstrip("/") + "/"
        self._refusals = refusals
        self._owners: frozenset[int] | None = None  # None: the folder was named, and is trusted
        if folder is True:
            self._folders, self._owners = _node_modules()
        else:
            named = os.fspath(folder)  # type: ignore[arg-type]  # no bool any more
            if not named or (os.path.exists(named) and not os.path.isdir(named)):
                raise ConfigurationError(f"serve_client is True, False or a folder, and {named!r} is none")
            if not os.path.exists(named):  # something may put it there later
                logger.warning("serve_client names a folder that is not there: %s", named)
            self._folders = (Path(named).absolute(),)
        self._files: dict[str, tuple[float, ClientFile | None]] = {}  # and when somebody last looked
        self._waiting: dict[str, list[tuple[Request, Headers]]] = {}
        self._said = False

    def has(self, request: Request) -> bool:
        """See Files."""
        if request.method not in ("GET", "HEAD") or "transport" in request.query:
            return False
        return self._name(request) in NAMES

    def _name(self, request: Request) -> str:
        path: str = request.environ().get("PATH_INFO", "")
        return path.removeprefix(self._base) if path.startswith(self._base) else ""

    def answer(self, request: Request, cors: Headers) -> None:
        """See Files."""
        name = self._name(request)
        looked, file = self._files.get(name, (-FRESH, None))
        if monotonic() - looked < FRESH:
            self._respond(request, cors, name, file)
            return
        waiting = self._waiting.get(name)
        if waiting is None:
            self._waiting[name] = [(request, cors)]
            current_runtime().workers.call(self._look, name, file)
        else:
            waiting.append((request, cors))

    def _look(self, name: str, known: ClientFile | None) -> None:
        """Runs in a worker: see what there is, and answer those who wait for it."""
        file: ClientFile | None = None
        problem = "it is not there"
        try:
            search = (self._folders, name, self._owners, known)
            file, problem = current_runtime().hub.threadpool.apply(_load, search)
        finally:
            self._files[name] = (monotonic(), file)
            if file is None and not self._said:
                self._said = True
                logger.warning(
                    "%s was asked for and cannot be served (%s): `npm install socket.io-client` beside the "
                    'application, or say where it is with Server(serve_client="folder"). Said once',
                    name,
                    problem,
                )
            for request, cors in self._waiting.pop(name, ()):
                self._respond(request, cors, name, file)

    def _respond(self, request: Request, cors: Headers, name: str, file: ClientFile | None) -> None:
        if file is None:
            self._refusals.answer(request, RequestRejected(ErrorCode.UNKNOWN_TRANSPORT), cors)
            return
        offers = [coding for coding in CODINGS if coding in file.bodies]
        coding = accepted_encoding(request.headers.get("accept-encoding", ""), offers)
        # Another tag for each form: they differ to the byte (RFC 9110, section 8.8.3).
        tag = f'"{file.tag}"' if coding is None else f'"{file.tag}-{coding}"'
        # A cache keeps it, so it says what it depends on to those too who sent no Origin.
        headers = [("Cache-Control", "public, max-age=0"), ("ETag", tag), ("Vary", "Accept-Encoding, Origin")]
        headers += [field for field in cors if field[0] != "Vary"]
        if _names_tag(request.headers.get("if-none-match", ""), tag):
            request.respond(Response(304, headers, b""))
            return
        kind = "json" if name.endswith(".map") else "javascript"
        headers += [("Content-Type", f"application/{kind}; charset=utf-8"), ("X-Content-Type-Options", "nosniff")]
        if coding is not None:
            headers.append(("Content-Encoding", coding))
        request.respond(Response(200, headers, file.bodies[coding or IDENTITY]))


def _names_tag(field: str, tag: str) -> bool:
    """Whether If-None-Match names *tag*; proxies may have made it weak (RFC 9110, section 13.1.2)."""
    return any(each.strip().removeprefix("W/") in (tag, "*") for each in field.split(",", MAX_TAGS)[:MAX_TAGS])


def _node_modules() -> tuple[tuple[Path, ...], frozenset[int] | None]:
    """Folders where npm puts the client, from the working directory upwards; and whose files there are trusted: who may
    write in a folder above ours (``/tmp``) must not decide what our pages run.
    """
    try:
        here = Path.cwd()
        owners = frozenset({0, os.geteuid(), here.stat().st_uid})
    except OSError:  # it has been removed
        return (), None
    return tuple(folder / where for folder in (here, *here.parents) for where in IN_NODE_MODULES), owners


def _load(
    folders: Iterable[Path], name: str, owners: frozenset[int] | None, known: ClientFile | None
) -> tuple[ClientFile | None, str]:
    """Runs in a thread: the file as it is now, *known* when it has not changed; or None, and why."""
    problem = "it is not there"
    for folder in folders:
        path = str(folder / name)
        try:
            stamp = _stamp(path, owners)
        except FileNotFoundError:
            continue
        except OSError as error:
            problem = f"{path}: {error.strerror}"
            continue
        beside = {coding: _sibling(path + ending, stamp, owners) for coding, ending in CODINGS.items()}
        stamps = (stamp, *(each for each in beside.values() if each is not None))
        if known is not None and known.stamps == stamps:
            return known, ""
        try:
            bodies = {IDENTITY: _read(stamp)}
            bodies |= {coding: _read(each) for coding, each in beside.items() if each is not None}
        except OSError as error:
            problem = f"{path}: {error.strerror}"
            continue
        if "gzip" not in bodies:
            bodies["gzip"] = gzip.compress(bodies[IDENTITY], mtime=0)
        return ClientFile(stamps, hashlib.sha256(bodies[IDENTITY]).hexdigest()[:20], bodies), ""
    return None, problem


def _stamp(path: str, owners: frozenset[int] | None) -> Stamp:
    """What tells the file from a later one.

    :raises OSError: when there is none that may be served.
    """
    found = os.stat(path)
    if not stat.S_ISREG(found.st_mode) or found.st_size > MAX_SIZE:
        raise OSError(EINVAL, "it is no file of a sensible size")
    if owners is not None:
        # The folders and links too: somebody else's link could lead to any file of ours.
        on_the_way = [each.lstat().st_uid for each in (Path(path), *Path(path).parents[:LEVELS])]
        if not owners.issuperset([found.st_uid, *on_the_way]):
            raise OSError(EPERM, "it belongs to another user; name its folder in serve_client if you trust it")
    return _stamp_of(path, found)


def _stamp_of(path: str, found: os.stat_result) -> Stamp:
    return path, found.st_mtime_ns, found.st_size, found.st_ino


def _read(stamp: Stamp) -> bytes:
    """The bytes of the file that was looked at, and of none that has come in its place.

    :raises OSError: when it is another one now.
    """
    path = stamp[0]
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)  # a pipe would wait for its writer
    with open(descriptor, "rb") as file:
        if _stamp_of(path, os.fstat(descriptor)) != stamp:
            raise OSError(EAGAIN, "it is being changed")
        return file.read(stamp[2])


def _sibling(path: str, original: Stamp, owners: frozenset[int] | None) -> Stamp | None:
    """The compressed form beside a file, if it is of the same version."""
    try:
        stamp = _stamp(path, owners)
    except OSError:
        return None
    return stamp if stamp[1] >= original[1] else None
