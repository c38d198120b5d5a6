"""The protocol floor: bytes and values in, values and bytes out.

Nothing in here knows gevent, a clock or a socket; time is an argument where it matters. That makes every rule of the
wire testable with a list of bytes::

    >>> from geventio.protocol.engineio import decode_packet
    >>> from geventio.protocol.socketio import JSONParser
    >>> decoder = JSONParser().decoder()
    >>> decoder.add(decode_packet('42["chat message","hi"]').data).data
    ['chat message', 'hi']
"""
