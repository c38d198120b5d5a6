"use strict";

const assert = require("node:assert/strict");
const { ask, collect, until } = require("../peer");

const SIZE = 100;

module.exports = {
  async "is one of a hundred that come, talk and go at once"(peer) {
    const crowd = await Promise.all(
      Array.from({ length: SIZE }, async (_, index) => {
        const socket = await peer.connect();
        assert.deepEqual(await ask(socket, "ack many", index, Buffer.from([index])), [index, Buffer.from([index])]);
        return socket;
      }),
    );
    assert.equal(new Set(crowd.map((socket) => socket.id)).size, SIZE);
    const room = `crowd ${crowd[0].id}`;
    const heard = crowd.map((socket) => collect(socket, "room"));
    await Promise.all(crowd.map((socket) => ask(socket, "join", room)));
    crowd[0].emit("to all", room, "everybody", Buffer.from("!"));
    await ask(crowd[0], "ack none");
    await Promise.all(crowd.map((socket) => ask(socket, "ack none")));
    assert.deepEqual(heard, crowd.map(() => [["everybody", Buffer.from("!")]]));
    peer.close();
  },

  async "leaves nothing behind"(peer) {
    await until(async () => (await peer.observed("connected")).connected === 0, "all sockets are gone on the server");
  },
};
