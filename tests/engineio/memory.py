"""A request that never saw a network: the engine's own seam, with a socket pair for a WebSocket."""

from collections.abc import Callable, Mapping
from typing import Any

from geventio.engineio.request import KeptRequest, Request, Response, parse_query
from geventio.exceptions import PayloadTooBig
from geventio.runtime import Receiver, Stream, current_runtime
from tests.runtime.sockets import pair

from .client import WEBSOCKET_HEADERS, WebSocketClient


class MemoryKept(KeptRequest):
    """A handshake that is kept."""

    def __init__(self, query: str, headers: Mapping[str, str]) -> None:
        self._query = query
        self._headers = headers

    @property
    def headers(self) -> Mapping[str, str]:
        return self._headers

    @property
    def url(self) -> str:
        return f"/engine.io/?{self._query}"

    @property
    def address(self) -> str:
        return "127.0.0.1"

    @property
    def secure(self) -> bool:
        return False

    def environ(self) -> dict[str, Any]:
        return {"QUERY_STRING": self._query}


class MemoryRequest(Request):
    """One request; ``response`` is what the engine said, at most once."""

    def __init__(
        self,
        method: str = "GET",
        query: str = "EIO=4&transport=polling",
        headers: Mapping[str, str] | None = None,
        body: bytes | None = b"",
        *,
        secure: bool = False,
        websocket_possible: bool = True,
    ) -> None:
        self.method = method
        self.text = query
        self.query = parse_query(query)
        self.headers = {"host": "localhost:5000", **(headers or {})}
        self.secure = secure
        self.body = body
        self.hold = False
        """Whether the body is still on its way: :meth:`finish_body` ends it."""
        self.response: Response | None = None
        self.abort: Callable[[], None] | None = None
        self.websocket: WebSocketClient | None = None
        self._websocket_possible = websocket_possible
        self._sockets: Any = None
        self._done: Callable[[bytes | None], None] | None = None

    @classmethod
    def upgrading(cls, query: str = "EIO=4&transport=websocket", **more: Any) -> "MemoryRequest":
        headers = {name.lower(): value for name, value in WEBSOCKET_HEADERS} | more.pop("headers", {})
        request = cls("GET", query, headers, **more)
        request._sockets = pair()  # not when it is accepted, which may be in the hub
        return request

    def respond(self, response: Response) -> None:
        assert self.response is None, "answered twice"
        assert self.websocket is None, "answered after the connection was given away"
        self.response = response

    def receive_body(self, limit: int, done: Callable[[bytes | None], None]) -> None:
        if self.hold:
            self._done = done
        elif self.body is not None and len(self.body) > limit:
            raise PayloadTooBig(len(self.body), limit)
        else:
            done(self.body)

    def finish_body(self) -> None:
        assert self._done is not None
        self._done(self.body)

    def on_abort(self, callback: Callable[[], None] | None) -> None:
        self.abort = callback

    def go_away(self) -> None:
        """The client closes its connection."""
        callback, self.abort = self.abort, None
        if callback is not None:
            callback()

    @property
    def websocket_possible(self) -> bool:
        return self._websocket_possible

    def accept_websocket(self, head: bytes, attach: Callable[[Callable[[Receiver], Stream]], None]) -> None:
        assert self.response is None
        sock, peer = self._sockets

        def make_stream(receiver: Receiver) -> Stream:
            stream = Stream(sock, receiver, current_runtime())
            stream.write(head)
            return stream

        self.websocket = WebSocketClient(peer)
        attach(make_stream)

    def keep(self) -> KeptRequest:
        return MemoryKept(self.text, self.headers)

    def environ(self) -> dict[str, Any]:
        return {"QUERY_STRING": self.text, "HTTP_COOKIE": self.headers.get("cookie", "")}
