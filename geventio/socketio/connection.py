"""One session and the sockets on it: a client may be in several namespaces over one connection."""

import logging
import secrets
import time
from typing import TYPE_CHECKING, Any, Final

from geventio.engineio.session import Session
from geventio.exceptions import (
    CLIENT_NAMESPACE_DISCONNECT,
    SERVER_NAMESPACE_DISCONNECT,
    ConnectionRejected,
    PacketDecodeError,
)
from geventio.protocol.socketio import Packet, PacketType
from geventio.runtime import Timeout, Timer
from geventio.socketio.handlers.dispatch import receive_event
from geventio.socketio.handshake import Handshake
from geventio.socketio.socket import Socket

if TYPE_CHECKING:
    from geventio.socketio.namespace import Namespace
    from geventio.socketio.server import Server

logger = logging.getLogger("geventio.socketio")

# Looked up for every packet: the attribute of an enum costs ten times a global's.
_EVENT: Final = PacketType.EVENT
_ACK: Final = PacketType.ACK

INVALID_NAMESPACE: Final = "Invalid namespace"
"""What a client hears of a namespace that does not exist."""
TOO_MANY_NAMESPACES: Final = "Too many namespaces"
"""What a client hears that is in as many as ``max_namespaces`` allows."""
INTERNAL_ERROR: Final = "Internal server error"
"""What a client hears that was refused for a reason that is not its business."""
JOINING = None
"""In place of a socket whose namespace is being made, or whose middlewares still run."""


class Connection:
    """What a session's messages mean (a SessionHandler)."""

    __slots__ = ("_connect_timer", "_decoder", "_server", "close_reason", "session", "sockets")

    def __init__(self, server: "Server", session: Session) -> None:
        self._server = server
        self.session = session
        self.close_reason: str | None = None
        """Why the session ended; None until then."""
        self.sockets: dict[str, Socket | None] = {}
        """Sockets by namespace; None while its middlewares run."""
        self._decoder = server.parser.decoder()
        self._connect_timer: Timer | None = session.runtime.timers.allow(server.options.connect_timeout, self._too_late)

    @property
    def closed(self) -> bool:
        """Whether the session has ended."""
        return self.close_reason is not None

    def send_packet(self, packet: Packet) -> None:
        """Send a packet that belongs to no socket."""
        self.session.send_messages(self._server.parser.encode(packet))

    # -- in

    def on_message(self, data: str | bytes) -> None:
        """See SessionHandler."""
        try:
            packet = self._decoder.add(data)
        except PacketDecodeError as error:
            self._invalid(str(error))
            return
        if packet is None:
            return
        kind = packet.type
        socket = self.sockets.get(packet.namespace)
        if socket is None:
            # Nothing but CONNECT makes sense for a namespace that the client is not in.
            if kind is PacketType.CONNECT and packet.namespace not in self.sockets:
                self._connect(packet)
            else:
                self._invalid("packet for a namespace that is not joined")
        elif kind is _EVENT and packet.data:
            receive_event(socket, packet)
        elif kind is _ACK:
            socket.receive_ack(packet)
        elif kind is PacketType.DISCONNECT:
            socket.left(CLIENT_NAMESPACE_DISCONNECT)
        else:
            self._invalid("packet of a type that a client does not send now")

    def _invalid(self, problem: str) -> None:
        """The client broke the protocol: Socket.IO has no answer to that but the end."""
        logger.debug("connection closed: %s", problem)
        self.session.close()

    def _connect(self, packet: Packet) -> None:
        name, table = packet.namespace, self._server.table
        if len(self.sockets) >= self._server.options.max_namespaces:
            table.refused_one_more()
            self.refuse(name, TOO_MANY_NAMESPACES)
            return
        self.sockets[name] = JOINING
        handshake = Handshake(self.session.request, packet.data or {}, time.time())
        namespace = table.at_once(name)
        if namespace is not None:
            self._join(namespace, handshake)
        elif table.may_find(name):
            self.session.runtime.workers.call(self._search, name, handshake)
        else:
            self.refuse(name, INVALID_NAMESPACE)

    def _search(self, name: str, handshake: Handshake) -> None:
        """Runs in a worker: the client asks for a namespace that has to be made first, or that a function decides
        on.
        """
        namespace, message, data = None, INVALID_NAMESPACE, None
        try:
            namespace = self._server.table.search(name, handshake.auth)
        except ConnectionRejected as rejection:
            message, data = rejection.message, rejection.data
        except (Exception, Timeout):
            logger.exception("the namespace %r could not be made, and a client that asked for it was refused", name)
            message = INTERNAL_ERROR
        except BaseException:  # its greenlet was killed, or the process is to end: not for us to stop
            self.refuse(name, INTERNAL_ERROR)
            raise
        if namespace is None:
            self.refuse(name, message, data)
        elif self.closed:
            namespace.end_if_empty()
        else:
            self._join(namespace, handshake)

    def _join(self, namespace: "Namespace", handshake: Handshake, *, anew: bool = False) -> None:
        namespace.connect(Socket(namespace, self, self._new_socket_id(namespace), handshake), anew=anew)

    def _new_socket_id(self, namespace: "Namespace") -> str:  # noqa: ARG002
        return secrets.token_urlsafe(15)

    def accepted(self, socket: Socket) -> Packet:
        """The packet that tells the client that *socket* is in its namespace."""
        data = {"sid": socket.id} if socket.ticket is None else {"sid": socket.id, "pid": socket.ticket.pid}
        return Packet(PacketType.CONNECT, socket.namespace.name, data)

    def start_anew(self, socket: Socket) -> None:
        """What *socket* was to continue is gone: the client gets another one."""
        socket.refused()
        self._join(socket.namespace, socket.handshake, anew=True)

    def joined(self, socket: Socket) -> None:
        """A socket was accepted."""
        if self._connect_timer is not None:
            self._connect_timer.stop()
            self._connect_timer = None
        self.sockets[socket.namespace.name] = socket

    def refuse(self, namespace: str, message: str, data: Any = None) -> None:
        """Refuse a namespace; the client may try again, and others."""
        self.sockets.pop(namespace, None)
        if self.closed:
            return
        try:
            self.send_packet(self._refused(namespace, message, data))
        except Exception:
            logger.exception("the ConnectionRejected of a client that asked for %r cannot be sent", namespace)
            self.send_packet(self._refused(namespace, INTERNAL_ERROR, None))

    def _refused(self, namespace: str, message: str, data: Any) -> Packet:
        error = {"message": message} if data is None else {"message": message, "data": data}
        return Packet(PacketType.CONNECT_ERROR, namespace, error)

    def _too_late(self) -> None:
        """Runs in the hub: the client has not joined any namespace."""
        logger.debug("connection closed: no namespace joined in time")
        self.session.close()

    # -- the end

    def socket_left(self, socket: Socket) -> None:
        """A socket left its namespace; the connection stays."""
        self.sockets.pop(socket.namespace.name, None)

    def disconnect(self) -> None:
        """Take the client out of every namespace and end the connection."""
        sockets = [socket for socket in self.sockets.values() if socket is not None]
        for socket in sockets:
            self.send_packet(Packet(PacketType.DISCONNECT, socket.namespace.name))
        for socket in sockets:
            socket.left(SERVER_NAMESPACE_DISCONNECT)
        self.session.close()

    def on_close(self, reason: str, detail: str) -> None:  # noqa: ARG002
        """See SessionHandler."""
        self.close_reason = reason
        if self._connect_timer is not None:
            self._connect_timer.stop()
        for socket in list(self.sockets.values()):
            if socket is not None:
                socket.left(reason)
