/** The other side of examples/custom_parser.py: the default encoding, each message of it deflated. */
"use strict";

const zlib = require("node:zlib");
const standard = require("socket.io-parser");

const [TEXT, BINARY] = [0, 1];

class Encoder {
  encode(packet) {
    return new standard.Encoder().encode(packet).map((message) => {
      const kind = typeof message === "string" ? TEXT : BINARY;
      return Buffer.concat([Buffer.of(kind), zlib.deflateSync(message)]);
    });
  }
}

class Decoder extends standard.Decoder {
  add(message) {
    const inflated = zlib.inflateSync(Buffer.from(message).subarray(1));
    super.add(message[0] === TEXT ? inflated.toString() : inflated);
  }
}

module.exports = { protocol: standard.protocol, Encoder, Decoder };
