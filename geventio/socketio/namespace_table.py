"""The namespaces of a server: those with a name of their own, and the parents of those that clients' requests make.

What a client asks for is found in this order: a namespace of that very name; then the parents, in the order of their
registration. Making a namespace may block (its class and the handlers of ``new_namespace`` are the user's), and so may
the function of a parent, so it is done in a worker greenlet, one at a time for each name, and nobody joins a namespace
before it is complete.
"""

import logging
from collections.abc import Callable, Mapping
from re import Pattern
from typing import TYPE_CHECKING, Any, Final

from geventio.exceptions import ConfigurationError
from geventio.runtime import KeyedLock
from geventio.socketio.handlers.events import NEW_NAMESPACE, check_form
from geventio.socketio.namespace import ROOT, Namespace
from geventio.socketio.namespace_names import NameFunction, NamePattern, name_pattern, namespace_name
from geventio.socketio.parent_namespace import ParentNamespace

if TYPE_CHECKING:
    from geventio.socketio.server import Server

logger = logging.getLogger("geventio.socketio")

NOTHING: Final[Mapping[str, str]] = {}


class NamespaceTable:
    """Finds and makes namespaces."""

    __slots__ = ("_being_made", "_locks", "_parents", "_server", "named", "refused")

    def __init__(self, server: "Server") -> None:
        self._server = server
        self.named: dict[str, Namespace] = {}
        """Namespaces by name, the children of parents among them."""
        self._parents: list[ParentNamespace] = []
        self._locks = KeyedLock()
        self._being_made: set[str] = set()
        self.refused = 0
        """How often a client was refused a namespace because it was in too many."""

    # -- for the application

    def of(self, name: str | Pattern[str] | NameFunction, kind: type[Namespace] | None) -> Namespace:
        """See :meth:`Server.of`."""
        if kind is not None:
            _check_kind(kind)
        pattern = name_pattern(name)
        if pattern is not None:
            return self._parent(pattern, kind)
        name = namespace_name(name)  # type: ignore[arg-type]  # what is no pattern is a text
        namespace = self.named.get(name)
        if namespace is None or self._locks.held(name):
            with self._locks.hold(name):
                namespace = self.named.get(name)
                if namespace is None:
                    plain = kind is not None or name == ROOT
                    parent, params = (None, NOTHING) if plain else self._parent_by_name(name)
                    namespace = self._make(name, kind or (parent.kind if parent else Namespace), parent, params)
        if kind is not None and not isinstance(namespace, kind):
            raise _made_already(repr(name), type(namespace), kind)
        return namespace

    def _parent(self, pattern: NamePattern, kind: type[Namespace] | None) -> ParentNamespace:
        for parent in self._parents:
            if parent.pattern == pattern:
                if kind is not None and parent.kind is not kind:
                    raise _made_already(repr(parent.name), parent.kind, kind)
                return parent
        parent = ParentNamespace(self._server, pattern, kind or Namespace)
        self._parents.append(parent)
        return parent

    def _parent_by_name(self, name: str) -> tuple[ParentNamespace | None, Mapping[str, str]]:
        """The parent whose pattern has *name*. Functions are left out: they are asked about clients."""
        for parent in self._parents:
            if not parent.pattern.asks_each_client:
                params = parent.pattern.match(name, {})
                if params is not None:
                    return parent, params
        return None, NOTHING

    # -- for clients

    def at_once(self, name: str) -> Namespace | None:
        """The namespace that a client may join without further questions."""
        namespace = self.named.get(name)
        if namespace is None:
            return self._server.root if name == ROOT else None
        if self._locks.held(name) or (namespace.parent is not None and namespace.parent.pattern.asks_each_client):
            return None
        return namespace

    def may_find(self, name: str) -> bool:
        """Whether :meth:`search` is worth calling."""
        return bool(self._parents) or self._locks.held(name)

    def search(self, name: str, auth: dict[str, Any]) -> Namespace | None:
        """Runs in a worker: the namespace that a client asks for, made when it is the first to do so.

        :raises ConnectionRejected: from the function of a parent.
        """
        while True:
            existing = self.named.get(name)
            if existing is None:
                parents = list(self._parents)
            elif existing.parent is not None:
                parents = [existing.parent]
            elif self._locks.held(name):
                with self._locks.hold(name):  # until it is complete
                    continue
            else:
                return existing
            for parent in parents:
                params = parent.pattern.match(name, auth)
                if params is None:
                    continue
                with self._locks.hold(name):
                    existing = self.named.get(name)
                    if existing is None:
                        return None if parent.is_full() else self._make(name, parent.kind, parent, params, asked=True)
                    if existing.parent is parent:
                        return existing
                break  # somebody made it meanwhile, and not from this parent
            else:
                return None

    def refused_one_more(self) -> None:
        """A client is in as many namespaces as it may be, and asked for one more: the log says so once."""
        if not self.refused:
            logger.warning(
                "a client that is in %d namespaces was refused another: that is what max_namespaces allows each "
                "connection; further refusals are counted only",
                self._server.options.max_namespaces,
            )
        self.refused += 1

    def leave_empty(self, child: Namespace) -> None:
        """The last socket has left a temporary namespace."""
        self._remove(child)

    # -- making and removing

    def _make(
        self,
        name: str,
        kind: type[Namespace],
        parent: ParentNamespace | None,
        params: Mapping[str, str],
        *,
        asked: bool = False,
    ) -> Namespace:
        """Make a namespace; the lock of its name is held. *asked*: whether by a client."""
        if name in self._being_made:
            raise ConfigurationError(f"the namespace {name!r} is asked for while it is being made: use self there")
        new: Callable[..., Namespace] = kind.__new__
        namespace = new(kind, self._server, name)
        self._being_made.add(name)
        try:
            # Before anything that its class does.
            if parent is not None:
                namespace.parent = parent
                namespace.params = params
                namespace.temporary = asked and self._server.options.cleanup_empty_child_namespaces
            kind.__init__(namespace, self._server, name)
            if "sockets" not in vars(namespace):
                raise ConfigurationError(
                    f"{kind.__name__}.__init__(self, server, name) has to call super().__init__(server, name) first"
                )
        except BaseException:
            self._server.adapters.drop(namespace)
            raise
        finally:
            self._being_made.discard(name)
        self.named[name] = namespace
        if parent is not None:
            parent.add_child(namespace)
        if name != ROOT:
            try:
                self._announce(namespace)
            except BaseException:  # incomplete: whatever a handler of new_namespace should have seen to is missing
                self._remove(namespace)
                raise
        return namespace

    def _announce(self, namespace: Namespace) -> None:
        root = self.named.get(ROOT)
        if root is None:  # nobody has registered anything there
            return
        listeners = root.listeners
        for listener in listeners.of.get(NEW_NAMESPACE, ()):
            if not listener.once or listeners.discard(NEW_NAMESPACE, listener):
                listener.function(namespace)

    def _remove(self, namespace: Namespace) -> None:
        del self.named[namespace.name]
        if namespace.parent is not None:
            namespace.parent.remove_child(namespace)
        self._server.adapters.drop(namespace)


def _check_kind(kind: Any) -> None:
    if not isinstance(kind, type) or not issubclass(kind, Namespace) or issubclass(kind, ParentNamespace):
        raise ConfigurationError(
            f"a namespace is of a class derived from geventio.Namespace, as in "
            f'class Chat(Namespace) and io.of("/chat", Chat), not {kind!r}'
        )
    missing = ", ".join(sorted(getattr(kind, "__abstractmethods__", ())))
    if missing:
        raise ConfigurationError(f"{kind.__name__} is abstract: {missing} is missing")
    check_form(kind, f"{kind.__name__}(server, name)", 2)


def _made_already(name: str, kind: type, wanted: type) -> ConfigurationError:
    return ConfigurationError(
        f"the namespace {name} exists already, as a {kind.__name__}: of({name}, {wanted.__name__}) has to come before "
        "anything else is done with it"
    )
