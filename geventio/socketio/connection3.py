"""The connection of a client of Socket.IO 1 or 2, which ``allow_eio3`` lets in: Engine.IO 3, Socket.IO protocol 4.

Such a client is in the namespace ``/`` without asking. It knows its ids by itself: in ``/`` the id of its session, in
``/admin`` the same behind ``/admin#``. What it has to say for itself comes in a query behind a namespace's name::

    const socket = io("https://example.org/admin", { query: { token: "secret" } });    // its side

    @io.of("/admin").use                                                               # ours, for all versions
    def authenticate(socket):
        if socket.handshake.auth.get("token") != "secret":
            raise ConnectionRejected("not authorised")

So the id of its sockets is, or holds, the session's secret: who knows it can read and send in the client's place. Don't
show it to other clients, and don't log it; current clients have ids that are no secret.
"""

from typing import TYPE_CHECKING, Any, Final

from geventio.engineio.session import Session
from geventio.protocol.socketio import Packet, PacketType
from geventio.protocol.socketio.packet4 import connect4, decoder4, error4
from geventio.socketio.connection import INVALID_NAMESPACE, Connection
from geventio.socketio.socket import Socket

if TYPE_CHECKING:
    from geventio.socketio.namespace import Namespace
    from geventio.socketio.server import Server

ROOT: Final = "/"


class Connection3(Connection):
    """What the messages of such a session mean."""

    __slots__ = ()

    def __init__(self, server: "Server", session: Session) -> None:
        super().__init__(server, session)
        self._decoder = decoder4(server.parser)
        # Not now: some clients read nothing behind the open packet in the response that brings it.
        session.runtime.soon(self._connect_root)

    def _connect_root(self) -> None:
        """Runs in the hub."""
        if not self.closed and ROOT not in self.sockets:
            self._connect(Packet(PacketType.CONNECT, ROOT))

    def _new_socket_id(self, namespace: "Namespace") -> str:
        """A socket that comes back over the same connection has the same id again."""
        session_id = self.session.id
        return session_id if namespace.name == ROOT else f"{namespace.name}#{session_id}"

    def accepted(self, socket: Socket) -> Packet:
        """See Connection."""
        return connect4(socket.namespace.name)

    def _refused(self, namespace: str, message: str, data: Any) -> Packet:
        """As Node.js has it: a namespace that does not exist is an object, what a middleware says is the error itself.
        False is not sent: these clients take it for a packet that cannot be read.
        """
        if message == INVALID_NAMESPACE and data is None:
            return error4(namespace, {"message": message})
        return error4(namespace, message if data is None or data is False else data)
