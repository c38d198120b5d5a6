"""What a child namespace listens to: all that is registered on its parent, now or later, and what is its own.

A child without handlers of its own has its parent's :class:`Listeners` by reference, which costs nothing. One with some
has a view of both, made anew when either changes, so that nothing is paid for it while events come.
"""

from geventio.socketio.handlers.events import Listener, Listeners


class InheritedListeners(Listeners):
    """The parent's listeners, then a child's own. To be read: registering is done on the one or the other."""

    __slots__ = ("_parent", "own")

    def __init__(self, parent: Listeners) -> None:
        super().__init__(1)
        self._parent = parent
        self.own = Listeners(1)
        """Where the child's own are registered."""
        parent.add_heir(self)
        self.own.add_heir(self)
        self.inherit()

    def inherit(self) -> None:
        """See Heir."""
        first, then = self._parent, self.own
        # New objects: those that are being read stay as they are.
        of = dict(first.of)
        for event, listeners in then.of.items():
            of[event] = [*of[event], *listeners] if event in of else listeners
        self.of = of
        # Concurrent is an event whose listeners all are.
        self.concurrent = {
            event
            for event in first.concurrent | then.concurrent
            if all(event in listeners.concurrent or event not in listeners.of for listeners in (first, then))
        }
        self.any = (*first.any, *then.any)
        self.any_outgoing = (*first.any_outgoing, *then.any_outgoing)
        self.packet_middlewares = (*first.packet_middlewares, *then.packet_middlewares)
        self.changed()

    def discard(self, event: str | int | float, listener: Listener) -> bool:
        """See Listeners: a listener that fires once does so for all children together."""
        return self.own.discard(event, listener) or self._parent.discard(event, listener)
