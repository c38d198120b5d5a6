"""The front door: Engine.IO requests are read in the hub, every other connection goes to pywsgi untouched.

A request through WSGI costs a greenlet and some seventy microseconds before anything of ours runs. So where the
server is ours (:func:`geventio.serve`), a new connection is only *peeked* at: when its request line names an engine's
path, the request is read here, without a greenlet, and exactly to its last byte; when not, the socket goes to pywsgi
with all its bytes still in the kernel. At every boundary between two requests of a kept-alive connection the door
looks again, whoever answered the last one. Engine.IO requests that we cannot be sure to end exactly (chunked bodies)
go through WSGI too.

Ambiguous framing is refused, never guessed, and slow or silent clients cost a few hundred bytes and no greenlet.
"""

import re
from _socket import IPPROTO_TCP, MSG_PEEK, SHUT_WR, TCP_NODELAY
from _socket import socket as PlainSocket
from collections.abc import Callable, Mapping
from enum import IntEnum
from typing import Any, Final

from geventio.engineio.engine import Engine
from geventio.engineio.request import Response
from geventio.exceptions import PayloadTooBig
from geventio.front_request import Attach, BadRequest, FrontRequest, RequestHead
from geventio.http_response import encode_response
from geventio.runtime import Receiver, Runtime, Stream, Timer
from geventio.runtime.stream import READ, WRITE

PEEK_SIZE: Final = 8192
MAX_HEAD: Final = 16384
"""Bytes of a request's head (RFC 6585: 431 beyond it)."""
MAX_METHOD: Final = 16
GLANCE_INTERVAL: Final = 0.05
"""Seconds between two looks at a connection that has sent a part of a request line."""
MIN_BODY_RATE: Final = 1024
"""Bytes per second that a body must bring after its first timeout."""
LINGER: Final = 2.0
"""Seconds that a client has to read a refusal of a body that it is still sending."""
CONTINUE: Final = b"HTTP/1.1 100 Continue\r\n\r\n"


class Phase(IntEnum):
    """What a connection waits for."""

    LOOK = 1  # a request, of which nothing has been consumed
    HEAD = 2  # the rest of a head that is ours
    BODY = 3  # the rest of a body
    ANSWER = 4  # the engine
    WRITE = 5  # room for the rest of a response
    DRAIN = 6  # the end, after a refusal
    GONE = 7  # closed or given away


class Door:
    """What all connections of one front server share."""

    __slots__ = ("base_environ", "body_timeout", "connections", "engines", "hand_over", "paths", "pattern", "runtime")

    def __init__(
        self,
        engines: Mapping[str, Engine],
        runtime: Runtime,
        base_environ: Mapping[str, Any],
        hand_over: Callable[[PlainSocket, Any], None],
    ) -> None:
        self.engines = engines
        self.runtime = runtime
        self.base_environ = base_environ
        self.hand_over = hand_over
        """Gives a connection to pywsgi."""
        self.paths = [path.encode("ascii") for path in engines]
        self.pattern = re.compile(rb"[A-Z]{1,16} (%s)" % b"|".join(re.escape(path) for path in self.paths))
        self.body_timeout = min(engine.options.body_timeout for engine in engines.values())
        self.connections: set[FrontConnection] = set()

    def may_become_ours(self, start: bytes) -> bool:
        """Whether *start*, too short to tell, may be the start of a request for an engine."""
        method, space, target = start.partition(b" ")
        if not method.isalpha() or not method.isupper() or len(method) > MAX_METHOD:
            return False
        return not space or any(path.startswith(target) for path in self.paths)

    def close(self) -> None:
        """Close the connections that wait for a request or in one."""
        for connection in list(self.connections):
            connection.close()


class FrontConnection:
    """One connection while it is at the door. All methods run in the hub unless they say otherwise."""

    __slots__ = ("_abort", "_body", "_buffer", "_door", "_keep_alive", "_peer", "_phase", "_request", "_seen", "_sock",
                 "_timer", "_want", "_watcher", "_writer", "address")  # fmt: skip

    def __init__(self, door: Door, sock: PlainSocket, peer: Any) -> None:
        self._door = door
        self._sock = sock
        self._peer = peer
        self.address = peer[0] if isinstance(peer, tuple) else ""
        self._phase = Phase.LOOK
        self._buffer = b""  # a head or body so far; in WRITE what is left of a response
        self._want = 0  # bytes of body that are still to come
        self._seen = 0  # bytes of body at the last look at the clock
        self._keep_alive = True
        self._request: FrontRequest | None = None
        self._abort: Callable[[], None] | None = None
        self._body: Callable[[bytes | None], None] | None = None
        self._timer: Timer | None = None
        self._writer: Any = None
        self._watcher: Any = door.runtime.loop.io(sock.fileno(), READ)
        self._watcher.start(self._on_readable)
        door.connections.add(self)

    @property
    def base_environ(self) -> Mapping[str, Any]:
        """What every environ of this server starts with."""
        return self._door.base_environ

    def _on_readable(self) -> None:
        phase = self._phase
        try:
            if phase is Phase.LOOK:
                self._look()
            elif phase is Phase.ANSWER:
                self._watch_peer()
            elif phase is Phase.HEAD:
                self._read_head()
            elif phase is Phase.BODY:
                self._read_body()
            elif phase is Phase.DRAIN and not self._sock.recv(PEEK_SIZE):
                self.close()
        except BlockingIOError:
            pass
        except OSError:
            self._lost()

    # -- a request comes in

    def _look(self) -> None:
        data = self._sock.recv(PEEK_SIZE, MSG_PEEK)
        if not data:
            self.close()
        elif self._door.pattern.match(data):
            self._stop_timer()
            end = data.find(b"\r\n\r\n")
            if end < 0:
                # The whole of it belongs to this head: there is no end of a request in it.
                self._phase = Phase.HEAD
                self._buffer = self._sock.recv(len(data))
                self._timer = self._door.runtime.timers.start(self._door.body_timeout, self._head_timed_out)
            else:
                self._begin(data[: end + 4], consumed=False)
        elif b"\n" not in data and self._door.may_become_ours(data):
            # What is peeked at stays readable: look again in a while, not at once for ever.
            self._watcher.stop()
            self._timer = self._timer or self._door.runtime.timers.start(self._door.body_timeout, self.close)
            self._door.runtime.timers.start(GLANCE_INTERVAL, self._look_again)
        else:
            sock, peer = self._sock, self._peer
            self._leave()
            self._door.hand_over(sock, peer)

    def _look_again(self) -> None:
        if self._phase is Phase.LOOK:
            self._watcher.start(self._on_readable)

    def _read_head(self) -> None:
        data = self._sock.recv(PEEK_SIZE, MSG_PEEK)
        if not data:
            self.close()
            return
        before = len(self._buffer)
        end = (self._buffer + data).find(b"\r\n\r\n", max(before - 3, 0))
        if end >= 0:
            self._buffer += self._sock.recv(end + 4 - before)
            self._stop_timer()
            self._begin(self._buffer, consumed=True)
        elif before + len(data) > MAX_HEAD:
            self._refuse(431)
        else:
            self._buffer += self._sock.recv(len(data))

    def _begin(self, raw: bytes, *, consumed: bool) -> None:
        """A whole head is there."""
        try:
            head = RequestHead(raw)
            request = FrontRequest(self, head, raw)
            length = head.headers.get("content-length", "0")
            chunked = "transfer-encoding" in head.headers
            if chunked and "content-length" in head.headers:
                raise BadRequest("two ways to tell the length of a body")
        except (BadRequest, ValueError):
            if not consumed:
                self._sock.recv(len(raw))
            self._refuse(400)
            return
        if chunked:
            if consumed:
                self._refuse(411)
            else:  # where a chunked body ends is pywsgi's to find out
                sock, peer = self._sock, self._peer
                self._leave()
                self._door.hand_over(sock, peer)
            return
        if not consumed:
            self._sock.recv(len(raw))
        self._buffer = b""
        self._want = int(length)  # llhttp let only digits through
        self._keep_alive = head.keep_alive
        self._phase = Phase.ANSWER
        self._request = request
        path = next(path for path in self._door.engines if head.target.startswith(path))
        self._door.engines[path].handle(request)

    def read_body(self, limit: int, done: Callable[[bytes | None], None]) -> None:
        """See Request.receive_body."""
        if self._want > limit:
            raise PayloadTooBig(self._want, limit)
        if not self._want:
            done(b"")
            return
        assert self._request is not None
        self._body = done
        self._seen = 0
        self._phase = Phase.BODY
        try:
            if self._request.headers.get("expect", "").lower() == "100-continue":
                self._sock.send(CONTINUE)
            self._read_body()
        except BlockingIOError:
            pass
        except OSError:
            self._door.runtime.soon(self._lost)
        if self._phase is Phase.BODY:
            self._watcher.start(self._on_readable)
            self._timer = self._door.runtime.timers.start(self._door.body_timeout, self._check_rate)

    def _read_body(self) -> None:
        data = self._sock.recv(min(self._want, 65536))  # never a byte of the next request
        if not data:
            self._lost()
            return
        self._want -= len(data)
        self._buffer = self._buffer + data if self._buffer else data
        if not self._want:
            body, self._buffer = self._buffer, b""
            done, self._body = self._body, None
            self._phase = Phase.ANSWER
            self._stop_timer()
            assert done is not None
            done(body)

    def _check_rate(self) -> None:
        """A body that trickles would hold its session's POST for ever."""
        if len(self._buffer) - self._seen < MIN_BODY_RATE * self._door.body_timeout:
            done, self._body = self._body, None
            self._refuse(408)
            if done is not None:
                done(None)
        else:
            self._seen = len(self._buffer)
            self._timer = self._door.runtime.timers.start(self._door.body_timeout, self._check_rate)

    def _head_timed_out(self) -> None:
        self._refuse(408)

    # -- while the engine works

    def watch(self, callback: Callable[[], None] | None) -> None:
        """See Request.on_abort. Called in the hub or in a greenlet."""
        self._abort = callback

    def _watch_peer(self) -> None:
        if self._sock.recv(1, MSG_PEEK):
            self._watcher.stop()  # the client's next request, sent early: it waits in the kernel
        else:
            self._lost()

    def _lost(self) -> None:
        """The client went away."""
        abort, self._abort = self._abort, None
        done, self._body = self._body, None
        self.close()
        if done is not None:
            done(None)
        if abort is not None:
            abort()

    # -- the answer goes out

    def send_response(self, request: FrontRequest, response: Response) -> None:
        """See Request.respond. Called in the hub or in a greenlet."""
        if request is not self._request or self._phase not in (Phase.ANSWER, Phase.BODY):
            return  # the client has gone
        self._request = None
        self._abort = None
        unread = self._want > 0
        self._keep_alive = self._keep_alive and not unread and response.status < 400
        data = encode_response(response, keep_alive=self._keep_alive)
        if request.method == "HEAD":
            data = data[: len(data) - len(response.body)]
        self._write(data)

    def _refuse(self, status: int) -> None:
        """Answer what never reached the engine, and end."""
        self._stop_timer()
        self._request = None
        self._keep_alive = False
        self._want = 1  # something may still come: let the client read the answer first
        self._write(encode_response(Response(status, [], b""), keep_alive=False))

    def _write(self, data: bytes) -> None:
        self._phase = Phase.WRITE
        try:
            sent = self._sock.send(data)
        except BlockingIOError:
            sent = 0
        except OSError:
            self._door.runtime.soon(self.close)
            return
        if sent == len(data):
            self._written()
            return
        self._buffer = data[sent:]
        self._watcher.stop()
        self._writer = self._door.runtime.loop.io(self._sock.fileno(), WRITE)
        self._writer.start(self._on_writable)

    def _on_writable(self) -> None:
        try:
            sent = self._sock.send(self._buffer)
        except BlockingIOError:
            return
        except OSError:
            self.close()
            return
        self._buffer = self._buffer[sent:]
        if not self._buffer:
            self._stop_writer()
            self._written()

    def _written(self) -> None:
        if self._keep_alive:
            self._phase = Phase.LOOK
            self._watcher.start(self._on_readable)
        elif self._want:
            # Closing while the client still sends would reset the connection, and with it the answer.
            self._phase = Phase.DRAIN
            try:
                self._sock.shutdown(SHUT_WR)
            except OSError:
                self._door.runtime.soon(self.close)
                return
            self._watcher.start(self._on_readable)
            self._timer = self._door.runtime.timers.start(LINGER, self.close)
        else:
            self.close()

    def upgrade(self, response_head: bytes, attach: Attach) -> None:
        """See Request.accept_websocket. What the client sent early is still in the kernel. Called in the hub or in a
        greenlet.
        """
        sock = self._sock
        self._leave()

        def make_stream(receiver: Receiver) -> Stream:
            stream = Stream(sock, receiver, self._door.runtime)
            stream.write(response_head)
            return stream

        attach(make_stream)

    # -- the end

    def close(self) -> None:
        """Close the connection. Called in the hub or in a greenlet."""
        if self._phase is not Phase.GONE:
            self._leave()
            self._sock.close()

    def _leave(self) -> None:
        """The socket is somebody else's from here on."""
        self._phase = Phase.GONE
        self._door.connections.discard(self)
        self._stop_timer()
        self._stop_writer()
        self._watcher.stop()
        self._watcher.close()

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.stop()
            self._timer = None

    def _stop_writer(self) -> None:
        if self._writer is not None:
            self._writer.stop()
            self._writer.close()
            self._writer = None


def set_nodelay(sock: PlainSocket) -> None:
    """Let small segments leave at once."""
    sock.setsockopt(IPPROTO_TCP, TCP_NODELAY, 1)
