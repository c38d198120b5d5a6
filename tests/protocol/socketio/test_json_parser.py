"""Text and attachments: limits, malformed headers, and the inputs of published advisories."""

import weakref

import pytest

from geventio.exceptions import ConfigurationError, PacketDecodeError
from geventio.protocol.json import loads
from geventio.protocol.socketio import JSONParser, Packet, PacketType

from ..cost import growth


def add(*messages, **options):
    decoder = JSONParser(**options).decoder()
    return [decoder.add(message) for message in messages][-1]


def event(*data, namespace="/", number=None):
    return Packet(PacketType.EVENT, namespace, list(data), number)


def placeholder(number):
    return f'{{"_placeholder":true,"num":{number}}}'


@pytest.mark.parametrize(
    ("text", "packet"),
    [
        ('2["a"]', event("a")),
        ('20["a"]', event("a", number=0)),
        ('29007199254740992["a"]', event("a", number=2**53)),
        ('2/a,["a"]', event("a", namespace="/a")),
        ('2/,["a"]', event("a", namespace="/")),
        ('2/a/b?c=1,7["a"]', event("a", namespace="/a/b?c=1", number=7)),
        ('2/é,["a"]', event("a", namespace="/é")),
        ("2[1.5]", event(1.5)),
        ('2["\\ud800"]', event("\ud800")),
        ('2["a",{"_placeholder":true,"num":99}]', event("a", {"_placeholder": True, "num": 99})),
        ("0/", Packet(PacketType.CONNECT, "/")),
        ("0/a", Packet(PacketType.CONNECT, "/a")),
        ("4", Packet(PacketType.CONNECT_ERROR)),
        ('4"no"', Packet(PacketType.CONNECT_ERROR, "/", "no")),
        ("2/a", Packet(PacketType.EVENT, "/a")),
        ('2//["a"]', Packet(PacketType.EVENT, '//["a"]')),  # no comma: the namespace runs to the end
        ("3/a,5", Packet(PacketType.ACK, "/a", None, 5)),
        ("1/a", Packet(PacketType.DISCONNECT, "/a")),
        ("2", Packet(PacketType.EVENT)),
        ("3", Packet(PacketType.ACK)),
    ],
)
def test_headers(text, packet):
    assert add(text) == packet
    assert add(*JSONParser().encode(packet)) == packet


@pytest.mark.parametrize(
    "text",
    [
        '2["a"',
        '2["a"]]',
        '2["a"],',
        "2[",
        "2]",
        "2,",
        '2,["a"]',
        '2-["a"]',
        '2-1["a"]',
        '21.5["a"]',
        '21e3["a"]',
        '2\u0661["a"]',
        '29007199254740993["a"]',
        '299999999999999999["a"]',
        '2a["a"]',
        "2null",
        "2NaN",
        "2[NaN]",
        '2["a",NaN]',
        '2"a"',
        "2[[]]",
        "2[true]",
        '2[{"toString":1}]',
        "0[]",
        "01[]",
        "0NaN",
        "1[]",
        "3{}",
        "3/a,{}",
        "4[]",
        "4true",
        '8["a"]',
        "-2",
        "\u0662",
    ],
)
def test_malformed(text):
    with pytest.raises(PacketDecodeError):
        add(text)


@pytest.mark.parametrize(
    "count",
    [
        "",
        "0",
        "00",
        "11",
        "1000000000",
        "9999999999",
        "9" * 100,
        "-0",
        "-1",
        "+1",
        "1e1",
        "1.0",
        " 1",
        "0x1",
        "\u0661",
        "\u00b2",
    ],
)
@pytest.mark.parametrize("kind", "56")
def test_count_of_attachments(kind, count):
    with pytest.raises(PacketDecodeError, match="attachments"):
        add(f'{kind}{count}-["a"]')


@pytest.mark.parametrize("text", ["5", "6", "51", '51["a"]', "5" + "1" * 1_000_000, "5-", '5["a"]', "5/-"])
def test_count_without_end(text):
    with pytest.raises(PacketDecodeError, match="illegal number of attachments"):
        add(text)


@pytest.mark.parametrize(
    "text", ["51-", "51-/a", "51-/a,", "51-7", "51-{}", '51-"a"', "51-[]", '51-["connect"]', "61-{}"]
)
def test_binary_payloads(text):
    with pytest.raises(PacketDecodeError):
        add(text)


@pytest.mark.parametrize(
    "number",
    ["-1", "1", "2", "1e9", '"0"', "null", "true", "false", "[0]", "{}", "1.5", "-0.5", placeholder(0), "1e308"],
)
@pytest.mark.parametrize("shape", ['51-["a",HERE]', '51-["a",{"b":[HERE]}]', "61-[HERE]", '51-/x,3["a",[[[HERE]]]]'])
def test_placeholders_that_point_nowhere(shape, number):
    with pytest.raises(PacketDecodeError, match="illegal attachments"):
        add(shape.replace("HERE", placeholder(number)))


def test_a_placeholder_without_number():
    with pytest.raises(PacketDecodeError, match="illegal attachments"):
        add('51-["a",{"_placeholder":true}]')


@pytest.mark.parametrize("flag", ["1", '"true"', "false", "null", "{}"])
def test_what_is_no_placeholder_stays(flag):
    assert add(f'51-["a",{{"_placeholder":{flag},"num":7}}]', b"x") == event(
        "a", {"_placeholder": loads(flag), "num": 7}
    )


def test_placeholders_anywhere():
    text = f'52-["a",{{"b":{placeholder(1)}}},[[{placeholder(0)}]],{placeholder("0.0")}]'
    assert add(text, b"zero", b"one") == event("a", {"b": b"one"}, [[b"zero"]], b"zero")


def test_an_attachment_that_nobody_refers_to():
    assert add('51-["a"]', b"x") == event("a")


def test_any_bytes_like_attachment_becomes_bytes():
    assert add(f'51-["a",{placeholder(0)}]', bytearray(b"x")) == event("a", b"x")


def test_text_while_attachments_are_due_drops_what_was_held():
    decoder = JSONParser().decoder()
    assert decoder.add(f'52-["a",{placeholder(0)}]') is None
    assert decoder.add(b"x" * 1000) is None
    assert decoder.waiting > 1000
    with pytest.raises(PacketDecodeError, match="text message"):
        decoder.add('2["b"]')
    assert decoder.waiting == 0
    assert decoder.add('2["b"]') == event("b")


def test_attachments_are_bounded_together():
    decoder = JSONParser(max_payload=1000).decoder()
    text = f'53-["a",{placeholder(0)}]'
    assert decoder.add(text) is None
    assert decoder.add(b"x" * 500) is None
    assert decoder.waiting == 500 + len(text)
    with pytest.raises(PacketDecodeError, match="over 1000 bytes"):
        decoder.add(b"x" * 501)
    assert decoder.waiting == 0


def test_what_is_held_goes_with_the_decoder():
    class Watched(JSONParser):
        __slots__ = ("__weakref__",)

    parser = Watched()
    gone = weakref.ref(parser)
    decoder = parser.decoder()
    decoder.add('51-["a"]')
    del parser, decoder
    assert gone() is None


def test_bounds_are_options():
    assert add('511-["a"]', *[b"x"] * 11, max_attachments=11) == event("a")
    with pytest.raises(PacketDecodeError, match="over 2 attachments"):
        add('53-["a"]', max_attachments=2)


def test_too_many_attachments_are_not_sent():
    parser = JSONParser()
    assert len(parser.encode(event("a", *[b"x"] * 10))) == 11
    with pytest.raises(ConfigurationError, match=r"at most 10 binary attachments, this one 11: join them"):
        parser.encode(event("a", *[b"x"] * 11))


def test_a_dict_that_looks_like_a_placeholder():
    parser = JSONParser()
    lookalike = {"_placeholder": True, "num": 0}
    assert add(*parser.encode(event("a", lookalike))) == event("a", lookalike)
    with pytest.raises(ConfigurationError, match="cannot be sent beside bytes"):
        parser.encode(event("a", lookalike, b"x"))
    quoted = '{"_placeholder":true,"num":0}'
    assert add(*parser.encode(event("a", quoted, b"x"))) == event("a", quoted, b"x")


def test_bytes_belong_to_events_and_acknowledgements():
    for kind in (PacketType.CONNECT, PacketType.CONNECT_ERROR):
        with pytest.raises(TypeError, match=f"cannot send bytes in a packet of type {kind.name}"):
            JSONParser().encode(Packet(kind, "/", {"a": b"x"}))


def test_attachments_keep_their_order_beside_what_orjson_refuses():
    arguments = [b"0", {"k": [b"1"]}, 2**70, {1: b"2"}, "\ud800"]
    text, *attachments = JSONParser().encode(event("a", *arguments))
    assert attachments == [b"0", b"1", b"2"]
    zero, one, two = map(placeholder, range(3))
    assert text == f'53-["a",{zero},{{"k":[{one}]}},1180591620717411303424,{{"1":{two}}},"\\ud800"]'


@pytest.mark.parametrize("levels", [65, 10_000])
@pytest.mark.parametrize("head", ["2", "2/a,", "27", "3", "51-", "0"])
def test_deep_json(head, levels):
    with pytest.raises(PacketDecodeError):
        add(head + "[" * levels + '"x"' + "]" * levels)


@pytest.mark.parametrize(
    "text",
    [
        "2" * 1_000_000,
        "2/" + "a" * 1_000_000,
        "2/a," + "2" * 1_000_000,
        '2["x",' + "2" * 1_000_000 + "]",
        "1" * 1_000_000,
    ],
)
def test_headers_and_numbers_without_end(text):
    with pytest.raises(PacketDecodeError):
        add(text)


@pytest.mark.parametrize("unit", ['{"_placeholder":true,"num":0},', "[[]],", '"x",', '{"a":{"b":0}},'])
def test_time_is_linear(unit):
    def receive(size: int) -> None:
        add('51-["a",' + unit * (size // len(unit)) + "0]", b"x")

    assert growth(receive, 50_000) < 3
