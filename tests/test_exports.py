"""What users import: the names are fixed, documented, and the same wherever they are said."""

import inspect
import re
from dataclasses import fields
from importlib.metadata import version
from pathlib import Path

import pytest

import geventio
from geventio.options import EngineOptions, ServerOptions

PUBLIC = {
    "AckTimeout",
    "AdapterError",
    "BroadcastOperator",
    "ConfigurationError",
    "ConnectionRejected",
    "Disconnected",
    "Engine",
    "EngineIOMiddleware",
    "EventRejected",
    "GeventIOError",
    "Handshake",
    "IncomingEvent",
    "InvalidArguments",
    "Namespace",
    "PacketDecodeError",
    "ParentNamespace",
    "PayloadTooBig",
    "ProtocolError",
    "RemoteSocket",
    "Replies",
    "Server",
    "ServerReplies",
    "Socket",
    "SocketIOMiddleware",
    "WebSocketProtocolError",
    "serve",
}


def test_the_public_names() -> None:
    assert set(geventio.__all__) == PUBLIC
    assert geventio.__all__ == sorted(geventio.__all__)


@pytest.mark.parametrize("name", sorted(PUBLIC))
def test_every_public_name_is_documented_to_its_last_method(name: str) -> None:
    thing = getattr(geventio, name)
    assert inspect.getdoc(thing)
    for method, value in vars(thing).items() if inspect.isclass(thing) else ():
        if not method.startswith("_") and (callable(value) or isinstance(value, property)):
            assert inspect.getdoc(value), f"{name}.{method}"


def test_errors_are_one_tree_and_shadow_no_builtin() -> None:
    import builtins

    for name in PUBLIC:
        thing = getattr(geventio, name)
        if inspect.isclass(thing) and issubclass(thing, BaseException):
            assert issubclass(thing, geventio.GeventIOError)
            assert not hasattr(builtins, name)
    assert issubclass(geventio.AckTimeout, TimeoutError)


@pytest.mark.parametrize(
    ("owner", "options"), [(geventio.Server, ServerOptions), (geventio.Engine, EngineOptions)], ids=["Server", "Engine"]
)
def test_parameters_are_the_fields_of_the_options_with_their_defaults(owner: type, options: type) -> None:
    parameters = dict(inspect.signature(owner).parameters)
    parameters.pop("parser", None)
    parameters.pop("adapter", None)
    assert set(parameters) == {field.name for field in fields(options)}
    for field in fields(options):
        assert parameters[field.name].default == field.default, field.name
        assert parameters[field.name].kind is inspect.Parameter.KEYWORD_ONLY


def test_versions_agree() -> None:
    root = Path(__file__).parent.parent
    assert version("geventio") == geventio.__version__
    assert re.search(
        rf"^## {re.escape(geventio.__version__)}\b", (root / "CHANGES.md").read_text("utf-8"), re.MULTILINE
    )


def test_the_package_says_that_it_is_typed() -> None:
    assert (Path(geventio.__file__).parent / "py.typed").exists()


def test_what_writers_of_parsers_need_is_in_one_place() -> None:
    from geventio import parsers

    assert parsers.__all__ == sorted(parsers.__all__, key=lambda name: (not name.isupper(), name))
    for name in parsers.__all__:
        assert inspect.getdoc(getattr(parsers, name)), name
    assert parsers.Packet(parsers.PacketType.EVENT, "/", ["x"]) == parsers.JSONParser().decoder().add('2["x"]')
