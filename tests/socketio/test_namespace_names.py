"""Names and patterns of namespaces: which names a pattern matches, what it captures, and what cannot be one."""

import re
from typing import Any

import pytest

from geventio import ConfigurationError, Namespace, ParentNamespace, Server
from geventio.socketio.namespace_names import name_pattern


def captured(pattern: Any, name: str) -> dict[str, str] | None:
    made = name_pattern(pattern)
    assert made is not None
    return made.match(name, {})


@pytest.mark.parametrize(
    ("pattern", "name", "expected"),
    [
        ("/job/{id}", "/job/7", {"id": "7"}),
        ("job/{id}", "/job/7", {"id": "7"}),
        ("/{a}/x/{b}", "/1/x/2", {"a": "1", "b": "2"}),
        ("/{a}-{b}", "/1-2-3", {"a": "1-2", "b": "3"}),
        ("/job/{id}", "/job/%2Fä 😀\n\0", {"id": "%2Fä 😀\n\0"}),  # as the client wrote it
        ("/job/{id}", "/job/{id}", {"id": "{id}"}),
        ("/v1.0+/{id}$", "/v1.0+/7$", {"id": "7"}),
        ("/job/{id}", "/job/", None),
        ("/job/{id}", "/job/7/", None),
        ("/job/{id}", "/job/7/8", None),
        ("/job/{id}", "/Job/7", None),
        ("/job/{id}", "/x/job/7", None),
        ("/v1.0/{id}", "/v1x0/7", None),
        (re.compile(r"/room-\d+"), "/room-12", {}),
        (re.compile(r"^/room-\d+$"), "/room-12", {}),
        (re.compile(r"^/room-\d+$"), "/room-12\n", None),
        (re.compile(r"/room-\d+"), "/room-12/admin", None),
        (re.compile(r"/room-\d+"), "/x/room-12", None),
        (re.compile(r"/(?P<kind>a|b)(?:/(?P<more>.*))?"), "/a", {"kind": "a"}),
        (re.compile(r"/(?P<kind>a|b)(?:/(?P<more>.*))?"), "/b/c/d", {"kind": "b", "more": "c/d"}),
        (re.compile("/ROOM", re.IGNORECASE), "/room", {}),
    ],
)
def test_patterns(pattern: Any, name: str, expected: dict[str, str] | None) -> None:
    assert captured(pattern, name) == expected


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("/job/{id", "braces .* come in pairs"),
        ("/job/}id{", "braces .* come in pairs"),
        ("/job/{{id}}", "braces .* come in pairs"),
        ("/job/{}", "must be a Python name, not ''"),
        ("/job/{id:path}", "must be a Python name, not 'id:path'"),
        ("/job/{1}", "must be a Python name, not '1'"),
        ("/{id}/{id}", "'id' stands twice"),
        ("/{a}{b}", "something has to stand between"),
        ("/{a},{b}", "no comma"),
        (re.compile(b"/room"), "leave out the b"),
        (Namespace, r'a class comes after the name of its namespace: io.of\("/chat", Namespace\)'),
        (lambda name: True, r"does not have the form function\(name, auth\)"),
        (None, "a namespace has a name such as"),
        (b"/chat", "a namespace has a name such as"),
    ],
)
def test_what_is_no_name(name: Any, message: str) -> None:
    io = Server()
    with pytest.raises(ConfigurationError, match=message):
        io.of(name)
    assert io.namespaces == {}


async def coroutine(name: str, auth: Any) -> bool:
    return True


def test_a_function_has_to_be_plain() -> None:
    with pytest.raises(ConfigurationError, match="would not run it"):
        Server().of(coroutine)


def test_the_same_pattern_is_the_same_parent() -> None:
    def function(name: str, auth: Any) -> bool:
        return False

    io = Server()
    for pattern in ("/job/{id}", re.compile("/room"), function):
        parent = io.of(pattern)
        assert isinstance(parent, ParentNamespace)
        again = re.compile("/room") if isinstance(pattern, re.Pattern) else pattern
        assert io.of(again) is parent
    assert io.of("job/{id}") is io.of("/job/{id}")
    assert io.of(re.compile("/room", re.IGNORECASE)) is not io.of(re.compile("/room"))
    assert io.of("/job/{other}") is not io.of("/job/{id}")
    assert repr(io.of("/job/{id}")) == "<ParentNamespace '/job/{id}' of 0>"
    assert repr(io.of(re.compile("/room"))) == "<ParentNamespace '/room' of 0>"
    assert "function" in repr(io.of(function))


def test_of_makes_a_child_of_the_first_pattern_that_matches() -> None:
    io = Server()
    early = io.of("/job/early")
    io.of(lambda name, auth: True)  # asked about clients only
    jobs = io.of("/job/{id}")
    io.of(re.compile("/job/.*"))
    assert early.parent is None
    child = io.of("/job/7")
    assert child.parent is jobs
    assert dict(child.params) == {"id": "7"}
    assert io.of("job/7") is child
    assert isinstance(jobs, ParentNamespace)
    assert jobs.children == {"/job/7": child}
    assert io.of("/elsewhere").parent is None


def test_the_root_is_no_child() -> None:
    io = Server()
    io.of(re.compile("/.*"))
    assert io.root.parent is None
    assert io.of("/") is io.root
