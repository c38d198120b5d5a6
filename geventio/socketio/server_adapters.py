"""The adapters of one server, one for each namespace: made with it, started when the process serves, closed in time."""

from typing import TYPE_CHECKING

from geventio.socketio.adapter import Adapter, AdapterFactory

if TYPE_CHECKING:
    from geventio.socketio.namespace import Namespace


class ServerAdapters:
    """Makes, starts and closes."""

    __slots__ = ("_adapters", "_factory", "started")

    def __init__(self, factory: AdapterFactory) -> None:
        self._factory = factory
        self._adapters: dict[int, Adapter] = {}  # by the id() of a namespace, whose class may have an __eq__
        self.started = False
        """Whether this process serves."""

    def make(self, namespace: "Namespace") -> Adapter:
        """The adapter of a new namespace."""
        adapter = self._adapters[id(namespace)] = self._factory(namespace)
        if self.started:
            adapter.start()
        return adapter

    def start(self) -> None:
        """This process serves: its first client comes, or whoever runs the server says so before. Never blocks."""
        if not self.started:
            self.started = True
            for adapter in list(self._adapters.values()):
                adapter.start()

    def drop(self, namespace: "Namespace") -> None:
        """A namespace goes; harmless when its adapter is closed already."""
        self._drop(id(namespace))

    def close(self) -> None:
        """The server closes."""
        for key in list(self._adapters):
            self._drop(key)

    def _drop(self, key: int) -> None:
        adapter = self._adapters.pop(key, None)
        if adapter is not None:
            adapter.close()
