"""The Socket.IO server: namespaces above one engine.

::

    io = Server(cors_allowed_origins="https://example.org")

    @io.on("chat message")
    def chat(socket, text):
        io.emit("chat message", text)
        return "got it"

    app = SocketIOMiddleware(io, flask_app)

A server's own ``on``, ``use``, ``emit``, ``to`` ... are those of the namespace ``/``.
"""

import logging
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from geventio.engineio.engine import Engine
from geventio.engineio.session import Session
from geventio.exceptions import ConfigurationError
from geventio.option_checks import Origins
from geventio.options import (
    AllowRequest,
    Cookie,
    GenerateId,
    JSONDefault,
    PerMessageDeflate,
    Recovery,
    ServeClient,
    ServerOptions,
)
from geventio.protocol.socketio import JSONParser, Parser
from geventio.runtime import Timeout
from geventio.socketio.acks import Ack, reply_args
from geventio.socketio.broadcast import BroadcastOperator
from geventio.socketio.broadcaster import Broadcaster
from geventio.socketio.connection import Connection
from geventio.socketio.event_source import EventSource
from geventio.socketio.events import CONNECTED, ArgumentsMismatch, Listeners, check_form
from geventio.socketio.namespace import MiddlewareT, Namespace, namespace_name
from geventio.socketio.socket import Socket

logger = logging.getLogger("geventio.socketio")

ErrorHook = Callable[[Socket, str, Exception], Any]
ErrorHookT = TypeVar("ErrorHookT", bound=ErrorHook)
SHOWN = 64
"""Characters of an event's name, which is the client's text, that a log record shows."""


class Server(EventSource, Broadcaster):
    """A Socket.IO server. The parameters are the fields of :class:`~geventio.options.ServerOptions`, and *parser*,
    the packet encoding that clients have to use too (the default one, unless they set one themselves).

    :raises ConfigurationError: for an option out of range.
    """

    def __init__(
        self,
        *,
        path: str = "/socket.io/",
        ping_interval: float = 25.0,
        ping_timeout: float = 20.0,
        upgrade_timeout: float = 10.0,
        connect_timeout: float = 45.0,
        max_http_buffer_size: int = 1_000_000,
        max_send_buffer: int = 1_000_000,
        max_attachments: int = 10,
        transports: Iterable[str] = ("polling", "websocket"),
        allow_upgrades: bool = True,
        allow_request: AllowRequest | None = None,
        cors_allowed_origins: Origins | None = None,
        cors_credentials: bool = False,
        cookie: Cookie = False,
        add_trailing_slash: bool = True,
        allow_eio3: bool = False,
        generate_id: GenerateId | None = None,
        initial_packet: str | bytes | None = None,
        per_message_deflate: PerMessageDeflate = False,
        connection_state_recovery: Recovery = False,
        cleanup_empty_child_namespaces: bool = False,
        serve_client: ServeClient = True,
        json_default: JSONDefault | None = None,
        drain: float = 5.0,
        stall_limit: float = 1.0,
        http_compression: bool = True,
        http_compression_threshold: int = 1024,
        http_compression_level: int = 4,
        body_timeout: float = 10.0,
        parser: Parser | None = None,
    ) -> None:
        if parser is not None and not callable(getattr(parser, "decoder", None)):
            raise ConfigurationError(f"parser must be a packet encoding such as JSONParser(), not {parser!r}")
        self.options = ServerOptions(
            path=path,
            ping_interval=ping_interval,
            ping_timeout=ping_timeout,
            upgrade_timeout=upgrade_timeout,
            connect_timeout=connect_timeout,
            max_http_buffer_size=max_http_buffer_size,
            max_send_buffer=max_send_buffer,
            max_attachments=max_attachments,
            transports=transports,  # type: ignore[arg-type]  # any iterable: the options make it a tuple
            allow_upgrades=allow_upgrades,
            allow_request=allow_request,
            cors_allowed_origins=cors_allowed_origins,
            cors_credentials=cors_credentials,
            cookie=cookie,
            add_trailing_slash=add_trailing_slash,
            allow_eio3=allow_eio3,
            generate_id=generate_id,
            initial_packet=initial_packet,
            per_message_deflate=per_message_deflate,
            connection_state_recovery=connection_state_recovery,
            cleanup_empty_child_namespaces=cleanup_empty_child_namespaces,
            serve_client=serve_client,
            json_default=json_default,
            drain=drain,
            stall_limit=stall_limit,
            http_compression=http_compression,
            http_compression_threshold=http_compression_threshold,
            http_compression_level=http_compression_level,
            body_timeout=body_timeout,
        )
        self.parser: Parser = parser or JSONParser(max_attachments=max_attachments, max_payload=max_http_buffer_size)
        self.engine = Engine.from_options(self.options, self._open)
        """The Engine.IO server underneath."""
        self.namespaces: dict[str, Namespace] = {}
        """Namespaces by name."""
        self._error_hook: ErrorHook | None = None
        self.root = self.of("/")

    def _open(self, session: Session) -> Connection:
        return Connection(self, session)

    def of(self, name: str) -> Namespace:
        """The namespace *name*, made when first asked for; a client may join it from then on.

        :raises ConfigurationError: for a name that the protocol cannot carry.
        """
        name = namespace_name(name)
        namespace = self.namespaces.get(name)
        if namespace is None:
            namespace = self.namespaces[name] = Namespace(self, name)
        return namespace

    def find_namespace(self, name: str) -> Namespace | None:
        """The namespace that a client asks for."""
        return self.namespaces.get(name)

    def close(self) -> None:
        """Disconnect every client (``server shutting down``) and refuse new ones. The WSGI server goes on."""
        self.engine.close()

    # -- handlers

    def _event_listeners(self) -> Listeners:
        return self.root.listeners

    def _everybody(self) -> BroadcastOperator:
        return BroadcastOperator(self.root)

    def use(self, middleware: MiddlewareT) -> MiddlewareT:
        """Add a middleware to the namespace ``/``. See :meth:`Namespace.use`."""
        return self.root.use(middleware)

    def on_error(self, hook: ErrorHookT) -> ErrorHookT:
        """Call ``hook(socket, event, error)`` when a handler raised, in any namespace; also a decorator. What it
        returns is the event's acknowledgement, as a handler's own value would be; None acknowledges nothing.

        :raises ConfigurationError: unless *hook* can be called like that.
        """
        check_form(hook, "hook(socket, event, error)", 3)
        self._error_hook = hook
        return hook

    def handler_failed(self, socket: Socket, event: str, error: BaseException, ack: Ack | None) -> None:
        """Runs in a worker: a handler raised. For geventio's own use."""
        if event == CONNECTED:
            event = "connection"
        name = str(event)[:SHOWN]
        if isinstance(error, ArgumentsMismatch):
            logger.error("the event %r in the namespace %r was not handled: %s", name, socket.namespace.name, error)
        else:
            logger.error("a handler of %r in the namespace %r failed", name, socket.namespace.name, exc_info=error)
        if self._error_hook is None:
            return
        try:
            value = self._error_hook(socket, event, error)  # type: ignore[arg-type]  # a gevent.Timeout is no Exception
            if value is not None and ack is not None:
                ack(*reply_args(value))
        except (Exception, Timeout):
            logger.exception("the on_error hook failed on the error of %r", name)

    def run_callback(self, event: str, callback: Callable[..., Any], *args: Any) -> None:
        """Runs in a worker: call an acknowledgement's function. For geventio's own use."""
        try:
            callback(*args)
        except (Exception, Timeout):
            logger.exception("the ack function of %r failed", str(event)[:SHOWN])
