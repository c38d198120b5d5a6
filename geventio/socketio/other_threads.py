"""What happens to an ``emit`` of another OS thread: encoded there, so that an error is raised there, then handed to the
hub, in order.

The arguments are copied on the way: the caller goes on and may change them before the hub comes to send them::

    def sample():                              # in a thread of its own
        while True:
            state["load"] = getloadavg()
            io.emit("state", state)            # each event with the values of its time
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from geventio.protocol.socketio import Packet, PacketType
from geventio.runtime import OtherThreads

if TYPE_CHECKING:
    from geventio.socketio.namespace import Namespace


def hand_over(
    threads: OtherThreads, namespace: "Namespace", emit: Callable[..., None], event: str, args: tuple[Any, ...]
) -> None:
    """Have ``emit(event, *args)`` called in the hub's thread.

    :raises TypeError: for an argument that cannot be encoded.
    """
    namespace.server.parser.encode(Packet(PacketType.EVENT, namespace.name, [event, *args]))
    threads.post(emit, event, *frozen(args))


def frozen(value: Any) -> Any:
    """*value* with copies of the lists, dicts and bytearrays in it. Objects of the application stay themselves."""
    kind = type(value)
    if kind is dict:
        return {key: frozen(each) for key, each in value.items()}
    if kind is list:
        return [frozen(each) for each in value]
    if kind is tuple:
        return tuple([frozen(each) for each in value])
    return bytes(value) if isinstance(value, (bytearray, memoryview)) else value
