"use strict";

const assert = require("node:assert/strict");
const { ask, collect, delay, once } = require("../peer");

const LENGTH = 400;
const NUMBERS = Array.from({ length: LENGTH }, (_, index) => index);

module.exports = {
  async "gets and sends everything once and in order while it upgrades"(peer) {
    const socket = peer.open();
    const numbered = collect(socket, "numbered");
    const streamed = once(socket, "streamed");
    socket.emit("stream", LENGTH); // leaves as soon as the socket is connected, that is, before the upgrade
    await once(socket, "connect");
    for (const position of NUMBERS) {
      socket.emit("counted", position, ...(position % 10 === 0 ? [Buffer.from([position % 256])] : []));
      if (position % 3 === 0) {
        await delay(1);
      }
    }
    await streamed;
    await peer.settle(socket);
    assert.deepEqual(numbered.map(([position]) => position), NUMBERS);
    for (const [position, attachment] of numbered) {
      assert.deepEqual(attachment, position % 10 === 0 ? Buffer.from([position % 256]) : undefined);
    }
    assert.deepEqual(await ask(socket, "count"), [NUMBERS]);
  },

  async "keeps the order of a burst"(peer) {
    const socket = await peer.connect();
    const echoed = collect(socket, "echo");
    for (const position of NUMBERS) {
      socket.emit("echo", position);
    }
    await ask(socket, "ack none");
    assert.deepEqual(echoed.flat(), NUMBERS);
  },

  async "loses at most volatile events, and gets none twice or out of order"(peer) {
    const socket = await peer.connect();
    await peer.settle(socket);
    const ticks = collect(socket, "tick");
    const ticked = once(socket, "ticked");
    socket.emit("ticks", 50);
    await ticked;
    const positions = ticks.flat();
    assert.deepEqual(positions, [...new Set(positions)].sort((a, b) => a - b));
    if (peer.finalTransport === "websocket") {
      assert.ok(positions.length > 0, "a WebSocket with nothing in flight takes a volatile event");
    }
  },
};
