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
from functools import cached_property
from re import Pattern
from typing import Any, TypeVar, overload

from geventio.engineio.engine import Engine
from geventio.engineio.session import Session
from geventio.exceptions import ConfigurationError, EventRejected, InvalidArguments
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
from geventio.protocol.socketio.parser import with_default
from geventio.runtime import Timeout
from geventio.socketio.acks import Ack, reply_args
from geventio.socketio.adapter import AdapterFactory
from geventio.socketio.broadcast import BroadcastOperator
from geventio.socketio.broadcaster import Broadcaster
from geventio.socketio.client_files import ClientFiles
from geventio.socketio.connection import Connection
from geventio.socketio.connection3 import Connection3
from geventio.socketio.handlers.event_errors import SHOWN, acknowledge_rejection, log_failure
from geventio.socketio.handlers.event_source import EventSource
from geventio.socketio.handlers.events import CONNECTED, EventName, Listeners, check_form
from geventio.socketio.handlers.outgoing import Outgoing
from geventio.socketio.handlers.packet_middleware import PacketMiddleware, PacketMiddlewareT
from geventio.socketio.life import ServerLife
from geventio.socketio.local_adapter import LocalAdapter
from geventio.socketio.namespace import ErrorHook, MiddlewareT, Namespace
from geventio.socketio.namespace_names import NameFunction
from geventio.socketio.namespace_table import NamespaceTable
from geventio.socketio.parent_namespace import ParentNamespace
from geventio.socketio.recovery.adapter import RecoveringAdapter
from geventio.socketio.server_adapters import ServerAdapters
from geventio.socketio.server_side import ClusterEvents
from geventio.socketio.socket import Socket

logger = logging.getLogger("geventio.socketio")

ErrorHookT = TypeVar("ErrorHookT", bound=ErrorHook)
NamespaceT = TypeVar("NamespaceT", bound=Namespace)


class Server(EventSource, Broadcaster, ClusterEvents, ServerLife):
    """A Socket.IO server. The parameters are the fields of :class:`~geventio.options.ServerOptions`, and *parser*,
    the packet encoding that clients have to use too (the default one, unless they set one themselves), and *adapter*:
    called with each namespace, it returns the :class:`~geventio.socketio.adapter.Adapter` that joins this server's
    sockets to those of others.

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
        max_child_namespaces: int = 10_000,
        max_namespaces: int = 16,
        serve_client: ServeClient = True,
        json_default: JSONDefault | None = None,
        drain: float = 5.0,
        stall_limit: float = 1.0,
        http_compression: bool = True,
        http_compression_threshold: int = 1024,
        http_compression_level: int = 4,
        body_timeout: float = 10.0,
        parser: Parser | None = None,
        adapter: AdapterFactory | None = None,
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
            max_child_namespaces=max_child_namespaces,
            max_namespaces=max_namespaces,
            serve_client=serve_client,
            json_default=json_default,
            drain=drain,
            stall_limit=stall_limit,
            http_compression=http_compression,
            http_compression_threshold=http_compression_threshold,
            http_compression_level=http_compression_level,
            body_timeout=body_timeout,
        )
        parser = parser or JSONParser(max_attachments=max_attachments, max_payload=max_http_buffer_size)
        self.parser: Parser = with_default(parser, json_default)
        self.engine = Engine.from_options(self.options, self._open)
        """The Engine.IO server underneath."""
        if serve_client is not False:
            self.engine.files = ClientFiles(serve_client, self.options.path, self.engine.refusals)
        recovers = self.options.connection_state_recovery is not None
        self.adapters = ServerAdapters(adapter or (RecoveringAdapter if recovers else LocalAdapter))
        self.table = NamespaceTable(self)
        self.namespaces: dict[str, Namespace] = self.table.named
        """Namespaces by name."""
        self._error_hook: ErrorHook | None = None
        self.packet_middlewares: tuple[PacketMiddleware, ...] = ()
        """Packet middlewares of all namespaces."""
        self.outgoing: Outgoing | None = None
        """Tells the listeners to what leaves; None while there is none. For geventio's own use."""
        self._outgoing = Outgoing()

    @cached_property
    def root(self) -> Namespace:
        """The namespace ``/``, made when it is first needed, so that ``io.of("/", Chat)`` can give it a class."""
        return self.of("/")

    def _open(self, session: Session) -> Connection:
        if not self.adapters.started:
            self.adapters.start()
        self.session_opened(session.runtime)
        return Connection(self, session) if session.protocol == 4 else Connection3(self, session)

    @overload
    def of(self, name: str) -> Namespace: ...

    @overload
    def of(self, name: str, kind: type[NamespaceT]) -> NamespaceT: ...

    @overload
    def of(self, name: Pattern[str] | NameFunction, kind: type[Namespace] | None = None) -> ParentNamespace: ...

    def of(self, name: str | Pattern[str] | NameFunction, kind: type[Namespace] | None = None) -> Namespace:
        """The namespace *name*, made when first asked for; a client may join it from then on. *kind* is its class,
        derived from :class:`Namespace`.

        For a pattern it is a :class:`ParentNamespace`, which stands for every namespace that clients ask for and the
        pattern matches; the class is then that of its children. The first pattern that matches is taken, in the order
        of registration, and a namespace with a name of its own goes before patterns. A pattern is

        - a text with values in braces, ``io.of("/job/{id}")``: each stands for one or more characters without a slash,
          and is in ``socket.params``;
        - a compiled regular expression, ``io.of(re.compile("/room-[0-9]+"))``, which has to match the whole name;
          ``socket.params`` has its named groups;
        - a function, ``io.of(function)``: ``function(name, auth)`` says whether there is such a namespace for a client
          that gave *auth*. It is asked for each client, may block, and may refuse with
          :class:`~geventio.exceptions.ConnectionRejected`, which says why.

        Without *kind*, a name that a text or a regular expression registered before matches is a child of that one,
        made now if it was not there.

        :raises ConfigurationError: for a name that the protocol cannot carry, what is no pattern, or a class that is
            not the one which the namespace was made with.
        """
        return self.table.of(name, kind)

    # -- handlers

    def _event_listeners(self) -> Listeners:
        return self.root._event_listeners()

    def _own_namespace(self) -> Namespace:
        return self.root

    def _everybody(self) -> BroadcastOperator:
        return BroadcastOperator(self.root)

    def use(self, middleware: MiddlewareT) -> MiddlewareT:
        """Add a middleware to the namespace ``/``. See :meth:`Namespace.use`."""
        return self.root.use(middleware)

    def use_packet(self, middleware: PacketMiddlewareT) -> PacketMiddlewareT:
        """Call ``middleware(socket, event)`` with each event of a client, in every namespace and before the packet
        middlewares of the namespace itself. See :meth:`EventSource.use_packet`.

        :raises ConfigurationError: unless *middleware* can be called like that.
        """
        check_form(middleware, "middleware(socket, event)", 2)
        self.packet_middlewares = (*self.packet_middlewares, middleware)
        return middleware

    def _own_server(self) -> "Server":
        return self

    def outgoing_changed(self, listeners: Listeners) -> None:
        """Listeners to what leaves came or went; for geventio's own use."""
        self.outgoing = self._outgoing if self._outgoing.changed(listeners) else None

    def on_error(self, hook: ErrorHookT) -> ErrorHookT:
        """Call ``hook(socket, event, error)`` when a handler raised, in any namespace that has no hook of its own
        (:meth:`Namespace.on_error`); also a decorator. What it returns is the event's acknowledgement, as a handler's
        own value would be; None acknowledges nothing, but for :class:`~geventio.exceptions.InvalidArguments`: the
        client is then told of those. An event that was refused with EventRejected is no failure.

        :raises ConfigurationError: unless *hook* can be called like that.
        """
        check_form(hook, "hook(socket, event, error)", 3)
        self._error_hook = hook
        return hook

    def handler_failed(
        self, socket: Socket, event: EventName, error: BaseException, ack: Ack | None, what: str = "handler"
    ) -> None:
        """Runs in a worker: a handler, or *what* else, raised. For geventio's own use."""
        if event == CONNECTED:
            event = "connection"
        log_failure(what, event, socket.namespace.name, error)
        hook = socket.namespace.error_hook or self._error_hook
        # To refuse an event is no failure; that its arguments are invalid, the hook may want to know.
        if hook is not None and (not isinstance(error, EventRejected) or isinstance(error, InvalidArguments)):
            try:
                value = hook(socket, event, error)  # type: ignore[arg-type]  # a gevent.Timeout is no Exception
                if value is not None and ack is not None:
                    ack(*reply_args(value))
                    return
            except (Exception, Timeout):
                logger.exception("the on_error hook failed on the error of %r", str(event)[:SHOWN])
        if isinstance(error, EventRejected):
            acknowledge_rejection(ack, event, error)

    def run_callback(self, event: str, callback: Callable[..., Any], *args: Any) -> None:
        """Runs in a worker: call an acknowledgement's function. For geventio's own use."""
        try:
            callback(*args)
        except (Exception, Timeout):
            logger.exception("the ack function of %r failed", str(event)[:SHOWN])
