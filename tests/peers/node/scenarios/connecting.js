"use strict";

const assert = require("node:assert/strict");
const { ask, collect, once, until } = require("../peer");

module.exports = {
  async "connects, and ends up on the right transport"(peer) {
    const socket = await peer.connect();
    assert.ok(socket.connected);
    assert.match(socket.id, /^[\w-]{20,}$/);
    assert.notEqual(socket.id, socket.io.engine.id);
    await peer.settle(socket);
    assert.deepEqual(await ask(socket, "transport"), [peer.finalTransport]);
  },

  async "hears first that it is connected, then what the connection handler emits"(peer) {
    const socket = peer.open("/", { auth: { name: "Ada", tags: [1, null] } });
    const order = [];
    socket.on("connect", () => order.push("connect"));
    socket.on("welcome", () => order.push("welcome"));
    const [welcome] = await once(socket, "welcome");
    assert.deepEqual(order, ["connect", "welcome"]);
    assert.deepEqual(welcome, { id: socket.id, auth: { name: "Ada", tags: [1, null] } });
  },

  async "passes the middleware before it connects"(peer) {
    const first = await peer.connect();
    const second = await peer.connect();
    const [[before], [after]] = [await ask(first, "number"), await ask(second, "number")];
    assert.ok(after > before);
  },

  async "survives heartbeats"(peer) {
    const socket = await peer.connect();
    await peer.settle(socket);
    const disconnects = collect(socket, "disconnect");
    const packets = collect(socket.io.engine, "packet");
    await until(() => packets.filter(([packet]) => packet.type === "ping").length === 2, "two pings");
    assert.deepEqual(await ask(socket, "ack one", "alive"), ["alive"]);
    assert.deepEqual(disconnects, []);
  },
};
