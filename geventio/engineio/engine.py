"""The engine: checks requests, finds or opens their session, and hands them to its transport.

It serves Socket.IO from below, and alone as an Engine.IO server::

    engine = Engine()

    @engine.on("connection")
    def connected(socket):
        socket.on("message", socket.send)

    serve(EngineIOMiddleware(engine), "127.0.0.1:5000")
"""

from collections.abc import Callable, Iterable
from typing import Any

from geventio.engineio.asking import ask_permission, new_session_id
from geventio.engineio.draining import end_sessions
from geventio.engineio.errors import ErrorCode, RequestRejected
from geventio.engineio.extensions import FIELD, accepted_deflate
from geventio.engineio.hooks import EngineHooks
from geventio.engineio.origins import check_origin, preflight
from geventio.engineio.refusals import Refusals
from geventio.engineio.request import Headers, Request, Response, wants_websocket
from geventio.engineio.revisions import check_handshake_revision, check_session_revision, revision_of
from geventio.engineio.session import Session, SessionHandler
from geventio.engineio.sockets import EngineSocket
from geventio.engineio.state import State
from geventio.engineio.transports.polling import PollingTransport
from geventio.engineio.transports.websocket import WebSocketTransport
from geventio.engineio.upgrade import Upgrade
from geventio.engineio.wire import open_packet, set_cookie, websocket_response_head
from geventio.option_checks import Origins
from geventio.options import AllowRequest, Cookie, EngineOptions, GenerateId, PerMessageDeflate
from geventio.protocol.websocket import AcceptedDeflate, HandshakeRejected, check_handshake
from geventio.runtime import current_runtime


class Engine(EngineHooks):
    """An Engine.IO server, whatever brings it its requests. The parameters are the fields of
    :class:`~geventio.options.EngineOptions`.

    :raises ConfigurationError: for an option out of range.
    """

    def __init__(
        self,
        *,
        path: str = "/engine.io/",
        ping_interval: float = 25.0,
        ping_timeout: float = 20.0,
        upgrade_timeout: float = 10.0,
        max_http_buffer_size: int = 1_000_000,
        max_send_buffer: int = 1_000_000,
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
        http_compression: bool = True,
        http_compression_threshold: int = 1024,
        http_compression_level: int = 4,
        body_timeout: float = 10.0,
    ) -> None:
        self._setup(
            EngineOptions(
                path=path,
                ping_interval=ping_interval,
                ping_timeout=ping_timeout,
                upgrade_timeout=upgrade_timeout,
                max_http_buffer_size=max_http_buffer_size,
                max_send_buffer=max_send_buffer,
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
                http_compression=http_compression,
                http_compression_threshold=http_compression_threshold,
                http_compression_level=http_compression_level,
                body_timeout=body_timeout,
            )
        )

    @classmethod
    def from_options(cls, options: EngineOptions, open_handler: Callable[[Session], SessionHandler]) -> "Engine":
        """An engine under another floor, which makes the handler of every session itself."""
        engine = cls.__new__(cls)
        engine._setup(options)
        engine._above = engine._open_handler = open_handler
        return engine

    def _setup(self, options: EngineOptions) -> None:
        self.options = options
        self.sessions: dict[str, Session] = {}
        """Open sessions by id."""
        self.refusals = Refusals()
        self._connected: list[Callable[[EngineSocket], Any]] = []
        self._open_handler: Callable[[Session], SessionHandler] = self._open_socket
        self._closed = False
        # Hooks of the application may block, so their requests leave the hub.
        asked = (options.allow_request, options.generate_id)
        self._hooked = asked != (None, None) or callable(options.cors_allowed_origins)
        self._setup_hooks()

    def _open_socket(self, session: Session) -> SessionHandler:
        socket = EngineSocket(session)
        session.handler = socket  # before the application can close it
        for handler in self._connected:
            socket.run(handler, socket)
        return socket

    def close(self, drain: float | None = None) -> None:
        """End all sessions and refuse new ones; with *drain*, gently and over that many seconds, for which this blocks.

        :raises ConfigurationError: unless *drain* is None or a number from 0.
        """
        self._closed = True
        end_sessions(self.sessions, drain)

    # -- requests

    def handle(self, request: Request) -> None:
        """Answer *request*, now or later. Called in the hub or in a greenlet; never blocks and never raises."""
        if self._hooked:
            current_runtime().workers.call(self._handle_hooked, request)
        else:
            self._handle(request)

    def _handle(self, request: Request) -> None:
        cors: Headers = []
        try:
            if request.method == "OPTIONS":
                cors = check_origin(self.options, request)
                if not cors:
                    raise RequestRejected(ErrorCode.BAD_HANDSHAKE_METHOD, "OPTIONS without Origin")
                request.respond(Response(204, preflight(request, cors), b""))
                return
            transport = request.query.get("transport", "")
            if transport not in self.options.transports:
                if self.files is not None and self.files.has(request):
                    self.files.answer(request, check_origin(self.options, request))
                    return
                raise RequestRejected(ErrorCode.UNKNOWN_TRANSPORT)
            cors = check_origin(self.options, request)
            sid = request.query.get("sid")
            if sid is None:
                self._handshake(request, transport, cors)
            else:
                self._dispatch(request, transport, sid, cors)
        except RequestRejected as rejection:
            self.refusals.answer(request, rejection, cors)
        except HandshakeRejected as rejection:
            self.refusals.answer_handshake(request, rejection)

    def _dispatch(self, request: Request, transport_name: str, sid: str, cors: Headers) -> None:
        session = self.sessions.get(sid)
        if session is None:
            raise RequestRejected(ErrorCode.UNKNOWN_SID)
        check_session_revision(session, request)
        if transport_name == "websocket" and wants_websocket(request):
            self._upgrade(request, session, cors)
            return
        transport = session.transport
        if transport.name != transport_name or not isinstance(transport, PollingTransport):
            raise RequestRejected(ErrorCode.BAD_REQUEST, "TRANSPORT_MISMATCH")
        if request.method == "GET":
            transport.get(request, cors)
        elif request.method == "POST":
            transport.post(request, cors)
        else:
            raise RequestRejected(ErrorCode.BAD_REQUEST, "METHOD")

    def _handshake(self, request: Request, transport: str, cors: Headers) -> None:
        if request.method != "GET":
            raise RequestRejected(ErrorCode.BAD_HANDSHAKE_METHOD)
        upgrade = wants_websocket(request)
        if transport == "websocket" and not upgrade:
            raise RequestRejected(ErrorCode.BAD_REQUEST, "TRANSPORT_HANDSHAKE_ERROR")
        self._check_open()
        if self.options.allow_request is not None:
            ask_permission(request, self.options.allow_request)
            self._check_open()  # asking may have taken its time
        check_handshake_revision(self.options, request)
        if transport == "websocket":
            self._accept_websocket(request, cors)
        else:
            self._open_polling(request, cors)

    def _check_open(self) -> None:
        if self._closed:
            raise RequestRejected(ErrorCode.FORBIDDEN, "CLOSED", "The server is closing", 503)

    def _new_id(self, request: Request) -> str:
        session_id = new_session_id(request, self.options.generate_id, self.sessions)
        if self._hooked:
            self._check_open()  # hooks may have taken their time
        return session_id

    def _new_session(self, request: Request, session_id: str) -> Session:
        session = revision_of(request).session(self, session_id, request.keep(), current_runtime())
        self.sessions[session_id] = session
        return session

    def _open_polling(self, request: Request, cors: Headers) -> None:
        session = self._new_session(request, self._new_id(request))
        session.transport = revision_of(request).polling(session, self.options, request)
        upgrades = self.options.allow_upgrades and "websocket" in self.options.transports and request.websocket_possible
        session.send_prepared(open_packet(session.id, ["websocket"] if upgrades else [], self.options))
        self._greet(session)
        session.transport.get(request, [*cors, *set_cookie(self.options, session.id)])
        if session.state is State.CLOSED:  # by its handler; the client hears of it here
            session.transport.abort()

    def _greet(self, session: Session) -> None:
        """What comes behind the open packet."""
        if self.options.initial_packet is not None:
            session.send(self.options.initial_packet)
        session.handler = self._open_handler(session)

    def _websocket_head(self, request: Request, cors: Headers) -> tuple[bytes, AcceptedDeflate | None]:
        """The response that accepts a WebSocket handshake and the compression that it agrees to, or what refuses it."""
        accept = check_handshake(request.method, request.headers)
        if not request.websocket_possible:
            raise RequestRejected(
                ErrorCode.BAD_REQUEST, "NO_WEBSOCKET", "This server cannot take WebSocket connections"
            )
        deflate = accepted_deflate(request, self.options)
        headers = cors if deflate is None else [(FIELD, deflate.response), *cors]
        return request.through_hooks(websocket_response_head(accept, headers)), deflate

    def _websocket(
        self, request: Request, make_stream: Any, owner: Session | Upgrade, deflate: AcceptedDeflate | None
    ) -> WebSocketTransport:
        return revision_of(request).websocket(
            make_stream,
            owner,
            current_runtime(),
            max_message_size=self.options.max_http_buffer_size,
            max_send_buffer=self.options.max_send_buffer,
            base64=bool(request.query.get("b64")),
            deflate=deflate,
        )

    def _accept_websocket(self, request: Request, cors: Headers) -> None:
        head, deflate = self._websocket_head(request, cors)
        session_id = self._new_id(request)

        def attach(make_stream: Any) -> None:
            session = self._new_session(request, session_id)  # not before: the connection may be gone
            session.transport = self._websocket(request, make_stream, session, deflate)
            session.send_prepared(open_packet(session.id, [], self.options))
            self._greet(session)

        request.accept_websocket(head, attach)

    def _upgrade(self, request: Request, session: Session, cors: Headers) -> None:
        if not self.options.allow_upgrades:
            raise RequestRejected(ErrorCode.BAD_REQUEST, "UPGRADES_NOT_ALLOWED")
        head, deflate = self._websocket_head(request, cors)

        def attach(make_stream: Any) -> None:
            # One attempt at a time; a session on WebSocket stays there. Node.js accepts the handshake and closes, and
            # so do we.
            useless = session.upgrade or session.transport.name != "polling" or session.state is not State.OPEN
            upgrade = Upgrade(session, self.options.upgrade_timeout)
            upgrade.transport = self._websocket(request, make_stream, upgrade, deflate)
            if useless:
                upgrade.cancel()
            else:
                session.upgrade = upgrade

        request.accept_websocket(head, attach)

    # -- sessions

    def session_closed(self, session: Session) -> None:
        """The session's id is void (see SessionOwner)."""
        self.sessions.pop(session.id, None)

    def note_slow_client(self) -> None:
        """See SessionOwner."""
        self.refusals.note_slow_client(self.options.max_send_buffer)
