"use strict";

const assert = require("node:assert/strict");
const { ask, collect, once } = require("../peer");

const TEXT = "words and words, ".repeat(1_000);
const BINARY = Buffer.alloc(20_000, "abc");

/** The WebSocket under a socket, once it is there; undefined where there is none that could tell. */
async function websocket(peer, socket) {
  await peer.settle(socket);
  return peer.finalTransport === "websocket" && peer.version >= 3 ? socket.io.engine.transport.ws : undefined;
}

module.exports = {
  async "compresses where both ends have it on, and nowhere else"(peer) {
    const socket = await peer.connect();
    const ws = await websocket(peer, socket);
    assert.equal(ws?.extensions ?? "", ws && peer.deflate ? "permessage-deflate" : "");
    const before = [ws?._socket.bytesRead, ws?._socket.bytesWritten];
    const echoed = once(socket, "echo");
    socket.emit("echo", TEXT, BINARY);
    assert.deepEqual(await echoed, [TEXT, BINARY]);
    if (ws && !peer.compact) {
      const moved = [ws._socket.bytesRead - before[0], ws._socket.bytesWritten - before[1]];
      assert.ok(moved.every((bytes) => (peer.deflate ? bytes < 2_000 : bytes > 36_000)), `${moved} bytes`);
    }
  },

  async "gets a broadcast of any size and kind"(peer) {
    const sockets = await Promise.all([peer.connect(), peer.connect(), peer.connect()]);
    await Promise.all(sockets.map((socket) => peer.settle(socket)));
    const heard = sockets.map((socket) => collect(socket, "room"));
    await Promise.all(sockets.map((socket) => ask(socket, "join", "everybody")));
    const sent = [];
    for (const size of [0, 1, 10, 1_100, 20_000, 60_000]) {
      for (const value of [TEXT.repeat(4).slice(0, size), "é😀".repeat(size / 4), Buffer.alloc(size, "xyz"), { deep: [BINARY, size] }]) {
        sockets[0].emit("to all", "everybody", value);
        sent.push([value]);
      }
    }
    await ask(sockets[0], "ack none"); // the server has sent it all
    await Promise.all(sockets.map((socket) => ask(socket, "ack none")));
    for (const each of heard) {
      assert.deepEqual(each, sent);
    }
  },
};
