"""A parent namespace stands for all namespaces of a pattern; each is made when the first client asks for it.

::

    jobs = io.of("/job/{id}")

    @jobs.use
    def may_see(socket):
        if not allowed(socket.handshake.auth, socket.params["id"]):
            raise ConnectionRejected("not yours")

    @jobs.on("connection")
    def connected(socket):
        socket.emit("state", state_of(socket.params["id"]))

    jobs.emit("maintenance in five minutes")  # to the clients of all children
    io.of("/job/7").emit("progress", 0.5)  # to those of one
"""

import logging
from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from geventio.socketio.children_adapter import ChildrenAdapter
from geventio.socketio.namespace import Namespace
from geventio.socketio.namespace_names import NamePattern

if TYPE_CHECKING:
    from geventio.socketio.server import Server

logger = logging.getLogger("geventio.socketio")


class ParentNamespace(Namespace):
    """Made by :meth:`Server.of` for a pattern. Handlers, middlewares and the error hook that are registered here are
    those of every child, of one that exists already too (in Node.js a child has a copy of what there was when it was
    made); a child's own come after them. What is sent from here goes to the clients of all children.

    ``sockets`` is empty: a socket is in a child, and knows it as ``socket.namespace``.
    """

    def __init__(self, server: "Server", pattern: NamePattern, kind: type[Namespace]) -> None:
        self.pattern = pattern
        """What the names of its children look like."""
        self.kind = kind
        """The class of its children."""
        self._children: dict[str, Namespace] = {}
        self._full_said = False
        self._adapters = ChildrenAdapter(self)
        super().__init__(server, str(pattern))

    def __repr__(self) -> str:
        return f"<ParentNamespace {self.name!r} of {len(self._children)}>"

    @property
    def children(self) -> Mapping[str, Namespace]:
        """The namespaces that were made from it, by name."""
        return MappingProxyType(self._children)

    def _make_adapter(self) -> ChildrenAdapter:
        return self._adapters

    def _register_methods(self) -> None:
        """The class is the children's; what is wrong with it is said now, not to the first client."""
        self._check_methods(self.kind)

    def is_full(self) -> bool:
        """Whether clients can have no child more; the log says so once. For geventio's own use."""
        limit = self.server.options.max_child_namespaces
        if len(self._children) < limit:
            return False
        if not self._full_said:
            self._full_said = True
            logger.warning(
                "the namespace %r has %d children, as many as max_child_namespaces allows, and clients that ask for "
                "another are refused; cleanup_empty_child_namespaces=True removes those that nobody is in",
                self.name,
                limit,
            )
        return True

    def add_child(self, child: Namespace) -> None:
        """A child was made; for geventio's own use."""
        self._children[child.name] = child
        self._adapters.child_made(child.adapter)

    def remove_child(self, child: Namespace) -> None:
        """A child is gone; for geventio's own use."""
        del self._children[child.name]
