"""What an application hangs into an engine: its events, its hooks and WSGI middlewares.

::

    io = Server()

    @io.engine.on("initial_headers")
    def first(headers, environ):
        headers.add("Set-Cookie", "seen=1; Path=/; HttpOnly; SameSite=Lax")

    @io.engine.on("connection_error")
    def refused(error):
        print(error.code, error.message, error.context)

    io.engine.use(lambda app: ProxyFix(app, x_for=1, x_proto=1))

All of them run in worker greenlets and may block. Requests are answered in the hub until the first hook that they have
to pass is registered.
"""

import logging
from collections.abc import Callable
from typing import Any, Final, Protocol, TypeVar, overload

from geventio.engineio.connection_errors import FailureListeners
from geventio.engineio.errors import ErrorCode, RequestRejected
from geventio.engineio.hooked_request import HeaderHooks, HookedRequest
from geventio.engineio.middleware import Middleware, Middlewares, Passed
from geventio.engineio.refusals import Refusals
from geventio.engineio.request import Headers, Request
from geventio.engineio.session import Session, SessionHandler
from geventio.exceptions import ConfigurationError
from geventio.handlers import Decorator, HandlerT
from geventio.runtime import Timeout

logger = logging.getLogger("geventio.engineio")

EVENTS: Final = ("connection", "initial_headers", "headers", "connection_error")
MiddlewareT = TypeVar("MiddlewareT", bound=Middleware)


class Files(Protocol):
    """Who answers requests for files below the engine's path."""

    def has(self, request: Request, /) -> bool:
        """Whether *request* is for one of them, there or not, and for nothing else."""

    def answer(self, request: Request, cors: Headers, /) -> None:
        """Answer such a request, now or later; never blocks."""


class EngineHooks:
    """The hooks of one engine (its base class)."""

    refusals: Refusals
    sessions: dict[str, Session]
    _connected: list[Callable[[Any], Any]]
    _open_handler: Callable[[Session], SessionHandler]
    _hooked: bool
    """Whether requests have to leave the hub."""

    def _setup_hooks(self) -> None:
        self._above: Callable[[Session], SessionHandler] | None = None
        self.files: Files | None = None
        """Who serves files below the engine's path; None: nobody."""
        self._middlewares: Middlewares | None = None
        self._header_hooks = HeaderHooks()

    @property
    def clients_count(self) -> int:
        """How many sessions there are."""
        return len(self.sessions)

    @overload
    def on(self, event: str, handler: None = None) -> Decorator: ...

    @overload
    def on(self, event: str, handler: HandlerT) -> HandlerT: ...

    def on(self, event: str, handler: HandlerT | None = None) -> Any:
        """Register a handler, as ``engine.on("connection", handler)`` or as a decorator:

        - ``connection``: ``handler(socket)`` for a new session: an EngineSocket, or, under a Socket.IO server, the
          session that its sockets know as ``conn``;
        - ``initial_headers``: ``handler(headers, environ)`` for the first response of a session (its ``101`` over
          WebSocket); *headers* is a mapping of the response's header fields, to be changed in place
          (:class:`~geventio.engineio.response_headers.ResponseHeaders`);
        - ``headers``: the same for every response of the engine, refusals included;
        - ``connection_error``: ``handler(error)`` for every request that is refused
          (:class:`~geventio.engineio.connection_errors.ConnectionFailure`).

        :raises ConfigurationError: for another event, or a handler that is not callable.
        """
        if event not in EVENTS:
            raise ConfigurationError(f"an engine has the events {', '.join(EVENTS)}, not {event!r}")
        if handler is None:
            return lambda function: self.on(event, function)
        if not callable(handler):
            raise ConfigurationError(f"a handler must be callable, not {handler!r}")
        if event == "connection":
            self._on_connection(handler)
        elif event == "connection_error":
            self.refusals.listeners = self.refusals.listeners or FailureListeners()
            self.refusals.listeners.add(handler)
        else:
            hooks = self._header_hooks.initial if event == "initial_headers" else self._header_hooks.every
            hooks.append(handler)
            self._hooked = True
        return handler

    def _on_connection(self, handler: Callable[[Any], Any]) -> None:
        if self._above is not None:
            self._open_handler = self._open_announced
        self._connected.append(handler)

    def _open_announced(self, session: Session) -> SessionHandler:
        """Where another floor makes the sessions' handlers and somebody listens to ``connection`` all the same."""
        assert self._above is not None
        session.handler = above = self._above(session)  # before the application can close it
        session.runtime.workers.call(self._announce, session)
        return above

    def _announce(self, session: Session) -> None:
        """Runs in a worker."""
        for handler in self._connected:
            try:
                handler(session)
            except (Exception, Timeout):
                logger.exception("a connection handler of the engine failed")

    def use(self, middleware: MiddlewareT) -> MiddlewareT:
        """Put a WSGI middleware in front of the engine; also a decorator. It runs for engine requests only, WebSocket
        handshakes included, after those that were put there before. See :mod:`geventio.engineio.middleware`.

        :raises ConfigurationError: unless it is a function of a WSGI application that returns one.
        """
        middlewares = self._middlewares or Middlewares()
        middlewares.add(middleware)
        self._middlewares = middlewares
        self._hooked = True
        return middleware

    def _handle(self, request: Request) -> None:
        """Answer *request*: the engine itself."""
        raise NotImplementedError

    def _handle_hooked(self, request: Request) -> None:
        """Runs in a worker."""
        through: Request | None = None
        try:
            through = self._through_hooks(request)
            if through is not None:
                self._handle(through)
        except BaseException as error:  # also when one ends its own greenlet: somebody waits for the answer
            what = "middleware" if through is None else "hook"
            logger.exception("a %s of the engine failed, and the request was refused", what)
            rejection = RequestRejected(ErrorCode.BAD_REQUEST, f"{what.upper()}_FAILURE")
            rejection.__cause__ = error
            self.refusals.answer(request, rejection, [])
            if not isinstance(error, (Exception, Timeout)):
                raise

    def _through_hooks(self, request: Request) -> Request | None:
        """Runs in a worker: *request* as the hooks let it through; None when it has been answered."""
        if self.files is not None and self.files.has(request):
            return request  # nothing stands before a script that a page loads
        if self._middlewares is not None:
            return self._through_middlewares(request, self._middlewares)
        if self._header_hooks.every or self._header_hooks.initial:
            return HookedRequest(request, self._header_hooks)
        return request

    def _through_middlewares(self, request: Request, middlewares: Middlewares) -> Request | None:
        outcome = middlewares.run(request)
        if isinstance(outcome, Passed):
            return HookedRequest(request, self._header_hooks, outcome.environ, outcome.headers)
        request.respond(outcome)
        return None
