"""A request on its way through hooks of the application: what the engine answers leaves through them.

It stands before the request that the server brought and passes everything on, except that it shows the environ as
WSGI middlewares left it, and that responses get the fields that middlewares and header hooks add.
"""

import logging
from collections.abc import Callable, Mapping
from typing import Any, Final

from geventio.engineio.packed_environ import EnvironHeaders, PackedEnviron
from geventio.engineio.request import Headers, KeptRequest, Request, Response, parse_query
from geventio.engineio.response_headers import ResponseHeaders, merge
from geventio.runtime import Receiver, Stream, Timeout, current_runtime

logger = logging.getLogger("geventio.engineio")

HeaderHook = Callable[[ResponseHeaders, dict[str, Any]], Any]
HANDSHAKE_FIELDS: Final = ("connection", "upgrade", "sec-websocket-")
"""How the fields begin that a 101 response consists of (RFC 6455, section 4.2.2)."""


class HeaderHooks:
    """The functions that see the header fields of an engine's responses."""

    __slots__ = ("every", "initial")

    def __init__(self) -> None:
        self.every: list[HeaderHook] = []
        self.initial: list[HeaderHook] = []

    def of(self, *, initial: bool) -> list[HeaderHook]:
        """Those that see a response; *initial*: the first of a session."""
        return [*self.initial, *self.every] if initial else self.every


class HookedRequest(Request):
    """One request."""

    __slots__ = ("_added", "_environ", "_hooks", "_request", "headers", "method", "query", "secure")

    def __init__(
        self, request: Request, hooks: HeaderHooks, environ: dict[str, Any] | None = None, added: Headers | None = None
    ) -> None:
        """*environ*, *added*: what middlewares made of the environ, and the fields that they add to the response.

        :raises ValueError: when a middleware put too long a query there.
        """
        self._request = request
        self._hooks = hooks
        self._environ = environ
        self._added = added or []
        if environ is None:
            self.method = request.method
            self.query = request.query
            self.secure = request.secure
            self.headers: Mapping[str, str] = request.headers
        else:
            self.method = environ["REQUEST_METHOD"]
            self.query = parse_query(environ.get("QUERY_STRING", ""))
            self.secure = environ.get("wsgi.url_scheme") == "https"
            self.headers = EnvironHeaders(environ)

    def respond(self, response: Response) -> None:
        """Answer, after the hooks: in a worker, because they may block and whoever answers may not."""
        status, own, body = response
        response = Response(status, merge(own, self._added), body)
        hooks = self._hooks.of(initial=status == 200 and self._is_handshake())
        if hooks:
            current_runtime().workers.call(self._respond, response, hooks)
        else:
            self._request.respond(response)

    def _respond(self, response: Response, hooks: list[HeaderHook]) -> None:
        """Runs in a worker."""
        status, fields, body = response
        try:
            fields = self._ask(hooks, fields)
        finally:  # also when a hook killed its own greenlet
            self._request.respond(Response(status, fields, body))

    def _is_handshake(self) -> bool:
        return "sid" not in self.query and self.method == "GET"

    def _ask(self, hooks: list[HeaderHook], own: Headers) -> Headers:
        headers = ResponseHeaders(own)
        environ = self.environ()
        for hook in hooks:
            try:
                hook(headers, environ)
            except (Exception, Timeout):
                logger.exception("a headers hook failed; the response leaves with the header fields it has so far")
        return headers.fields

    def through_hooks(self, head: bytes) -> bytes:
        """*head*, a 101 response, with what middlewares and hooks add to it."""
        hooks = self._hooks.of(initial=self._is_handshake())
        if not hooks and not self._added:
            return head
        status_line, *lines = head.decode("latin-1").rstrip("\r\n").split("\r\n")
        kept = [status_line, *(line for line in lines if line.lower().startswith(HANDSHAKE_FIELDS))]
        fields = [(name, value) for name, _, value in (line.partition(": ") for line in lines if line not in kept)]
        fields = self._ask(hooks, merge(fields, self._added))
        return ("\r\n".join([*kept, *(f"{name}: {value}" for name, value in fields)]) + "\r\n\r\n").encode("latin-1")

    def receive_body(self, limit: int, done: Callable[[bytes | None], None]) -> None:
        """See Request."""
        self._request.receive_body(limit, done)

    def on_abort(self, callback: Callable[[], None] | None) -> None:
        """See Request."""
        self._request.on_abort(callback)

    @property
    def websocket_possible(self) -> bool:
        """See Request."""
        return self._request.websocket_possible

    @property
    def extensions_possible(self) -> bool:
        """See Request."""
        return self._request.extensions_possible

    def accept_websocket(self, head: bytes, attach: Callable[[Callable[[Receiver], Stream]], None]) -> None:
        """See Request."""
        self._request.accept_websocket(head, attach)

    def keep(self) -> KeptRequest:
        """See Request: with what middlewares put into the environ."""
        return self._request.keep() if self._environ is None else PackedEnviron(self._environ)

    def environ(self) -> dict[str, Any]:
        """See Request: as middlewares left it."""
        return self._request.environ() if self._environ is None else self._environ
