"""One connection at the front door: what it waits for, and who gets it next (see ``front.py``)."""

from _socket import MSG_PEEK
from _socket import socket as PlainSocket
from collections.abc import Callable
from typing import Any, Final

from geventio.engineio.request import Response
from geventio.exceptions import PayloadTooBig
from geventio.front import Door, Phase
from geventio.front_request import Attach, BadRequest, FrontRequest, RequestHead
from geventio.http_response import encode_response
from geventio.lingering_close import LingeringClose
from geventio.request_body import BodyReader
from geventio.response_writer import ResponseWriter
from geventio.runtime import Receiver, Stream, Timer
from geventio.runtime.stream import READ

PEEK_SIZE: Final = 8192
MAX_HEAD: Final = 16384  # bytes
GLANCE_INTERVAL: Final = 0.05  # seconds
CONTINUE: Final = b"HTTP/1.1 100 Continue\r\n\r\n"


class FrontConnection:
    """One connection while it is at the door. All methods run in the hub unless they say otherwise."""

    __slots__ = ("_abort", "_body", "_buffer", "_door", "_head", "_keep_alive", "_phase", "_request", "_sock", "_timer",
                 "_unread", "_watcher", "_writer", "base_environ", "peer")  # fmt: skip

    def __init__(self, door: Door, sock: PlainSocket, peer: Any) -> None:
        self._door = door
        self._sock = sock
        self.peer = peer
        self.base_environ = door.base_environ
        self._phase = Phase.LOOK
        self._head: RequestHead | None = None  # of the last request
        self._buffer = b""  # a head so far; then a body that came with its head
        self._unread = 0  # bytes of a body that were announced and not read
        self._keep_alive = True
        self._request: FrontRequest | None = None
        self._abort: Callable[[], None] | None = None
        self._body: BodyReader | None = None
        self._timer: Timer | None = None
        self._writer: ResponseWriter | None = None
        self._watcher: Any = door.runtime.loop.io(sock.fileno(), READ)
        self._watcher.start(self._on_readable)
        door.connections.add(self)

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
            self._stop_waiting()
            end = data.find(b"\r\n\r\n")
            if end < 0:
                # The whole of it belongs to this head: there is no end of a request in it.
                self._phase = Phase.HEAD
                self._buffer = self._sock.recv(len(data))
                self._timer = self._door.runtime.timers.allow(self._door.body_timeout, self._too_slow)
            else:
                self._begin(data[: end + 4], data)
        elif b"\n" not in data and self._door.may_become_ours(data):
            # What is peeked at stays readable: look again in a while, not at once and for ever.
            self._watcher.stop()
            self._timer = self._timer or self._door.runtime.timers.allow(self._door.body_timeout, self.close)
            self._door.runtime.timers.start(GLANCE_INTERVAL, self._look_again)
        else:
            self._hand_over()

    def _look_again(self) -> None:
        if self._phase is Phase.LOOK:
            self._watcher.start(self._on_readable)

    def _hand_over(self) -> None:  # with every byte of the request still unread
        self._leave()
        self._door.hand_over(self._sock, self.peer)

    def _read_head(self) -> None:
        data = self._sock.recv(PEEK_SIZE, MSG_PEEK)
        if not data:
            self.close()
            return
        before = len(self._buffer)
        end = (self._buffer + data).find(b"\r\n\r\n", max(before - 3, 0))
        if end >= 0:
            self._buffer += self._sock.recv(end + 4 - before)
            self._stop_waiting()
            self._begin(self._buffer, None)
        elif before + len(data) > MAX_HEAD:
            self._refuse(431)
        else:
            self._buffer += self._sock.recv(len(data))

    def _begin(self, raw: bytes, peeked: bytes | None) -> None:
        """A whole head is there, at the start of what was *peeked* at; None when it has been consumed."""
        try:
            head = (self._head and self._head.again(raw)) or RequestHead(raw)
            request = FrontRequest(self, head, raw)
        except (BadRequest, ValueError):
            self._refuse(400)
            return
        if "transfer-encoding" in head.headers:
            if peeked is None:
                self._refuse(411)
            else:  # where a chunked body ends is pywsgi's to find out
                self._hand_over()
            return
        self._head = head
        self._buffer = b""
        self._unread = length = int(head.headers.get("content-length", "0"))  # llhttp let only digits through
        if peeked is not None:
            end = len(raw) + length
            if length and end <= len(peeked):  # the body has come with the head: one call takes both
                self._sock.recv(end)
                self._buffer = peeked[len(raw) : end]
            else:
                self._sock.recv(len(raw))
        self._keep_alive = head.keep_alive
        self._phase = Phase.ANSWER
        self._request = request
        self._door.engine_for(head.target).handle(request)

    def read_body(self, limit: int, done: Callable[[bytes | None], None]) -> None:
        """See Request.receive_body. Called in the hub or in a greenlet."""
        if self._unread > limit:
            raise PayloadTooBig(self._unread, limit)
        request = self._request
        if not self._unread or request is None:  # nothing to read, or the client has gone
            done(None if request is None else b"")
            return
        if self._buffer:
            body, self._buffer, self._unread = self._buffer, b"", 0
            done(body)
            return
        self._phase = Phase.BODY
        self._body = BodyReader(self._unread, done)
        try:
            if request.head.expects_continue:
                self._sock.send(CONTINUE)
            self._read_body()
        except BlockingIOError:
            pass
        except OSError:
            self._door.runtime.soon(self._lost)
        if self._phase is Phase.BODY:
            self._watcher.start(self._on_readable)
            self._timer = self._door.runtime.timers.allow(self._door.body_timeout, self._check_rate)

    def _read_body(self) -> None:
        reader = self._body
        assert reader is not None
        body = reader.read(self._sock)
        if body is not None:
            self._unread = 0
            self._body = None
            self._phase = Phase.ANSWER
            self._stop_waiting()
            reader.done(body)

    def _check_rate(self) -> None:
        reader = self._body
        assert reader is not None
        if reader.too_slow(self._door.body_timeout):
            self._too_slow()
            reader.done(None)
        else:
            self._timer = self._door.runtime.timers.allow(self._door.body_timeout, self._check_rate)

    def watch(self, callback: Callable[[], None] | None) -> None:
        """See Request.on_abort. Called in the hub or in a greenlet."""
        self._abort = callback
        if callback is not None and self._phase is Phase.ANSWER and not self._watcher.active:
            self._watcher.start(self._on_readable)

    def _watch_peer(self) -> None:
        try:
            gone = not self._sock.recv(1, MSG_PEEK)
        except BlockingIOError:
            return
        except OSError:
            gone = True
        if gone and self._abort is not None:
            self._lost()
        else:
            # Either the client's next request, sent early: it waits in the kernel. Or the client has gone while an
            # application's hook is deciding about it: whoever answers will find out.
            self._watcher.stop()

    def _lost(self) -> None:
        """The client went away."""
        abort, self._abort = self._abort, None
        body, self._body = self._body, None
        self.close()
        if body is not None:
            body.done(None)
        if abort is not None:
            abort()

    # -- the answer goes out

    def send_response(self, request: FrontRequest, response: Response) -> None:
        """See Request.respond. Called in the hub or in a greenlet."""
        if request is not self._request or self._phase not in (Phase.ANSWER, Phase.BODY):
            return  # the client has gone
        self._keep_alive = self._keep_alive and not self._unread and response.status < 400
        data = encode_response(response, keep_alive=self._keep_alive)
        if request.method == "HEAD":
            data = data[: len(data) - len(response.body)]
        self._write(data)

    def _too_slow(self) -> None:
        self._refuse(408)

    def _refuse(self, status: int) -> None:
        self._keep_alive = False
        self._write(encode_response(Response(status, [], b""), keep_alive=False))

    def _write(self, data: bytes) -> None:
        self._phase = Phase.WRITE
        self._request = self._abort = self._body = None
        self._stop_waiting()
        try:
            sent = self._sock.send(data)
        except BlockingIOError:
            sent = 0
        except OSError:
            self.close()
            return
        if sent == len(data):
            self._written()
        else:
            self._watcher.stop()
            rest = memoryview(data)[sent:]
            self._writer = ResponseWriter(self._sock, self._door.runtime, rest, self._written, self.close)

    def _written(self) -> None:
        self._stop_waiting()
        if self._keep_alive:
            self._phase = Phase.LOOK
            if not self._watcher.active:
                self._watcher.start(self._on_readable)
        else:
            self._leave()
            LingeringClose(self._sock, self._door.runtime)

    def upgrade(self, response_head: bytes, attach: Attach) -> None:
        """See Request.accept_websocket. What the client sent early is still in the kernel. Called anywhere."""
        if self._phase is Phase.GONE:
            return
        self._leave()

        def make_stream(receiver: Receiver) -> Stream:
            stream = Stream(self._sock, receiver, self._door.runtime)
            stream.hold()  # the session's first packet leaves with the response
            stream.write(response_head)
            return stream

        attach(make_stream)

    # -- the end

    def finish(self) -> None:
        """The server closes: send what is on its way, and end."""
        if self._phase in (Phase.ANSWER, Phase.WRITE) and self._abort is None:
            self._keep_alive = False
        else:
            self._lost()

    def close(self) -> None:
        """Close the connection. Called in the hub or in a greenlet."""
        if self._phase is not Phase.GONE:
            self._leave()
            self._sock.close()

    def _leave(self) -> None:
        """The socket is somebody else's from here on."""
        self._phase = Phase.GONE
        self._request = None
        self._door.connections.discard(self)
        self._stop_waiting()
        self._watcher.stop()
        self._watcher.close()

    def _stop_waiting(self) -> None:
        if self._timer is not None:
            self._timer.stop()
            self._timer = None
        if self._writer is not None:
            self._writer.stop()
            self._writer = None
