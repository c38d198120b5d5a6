"use strict";

const assert = require("node:assert/strict");
const { ask, collect, once } = require("../peer");

/** Three sockets, the first two of them in a room. */
async function three(peer) {
  const sockets = [];
  for (const name of ["a", "b", "c"]) {
    sockets.push(await peer.connect("/", { auth: { name } }));
  }
  const room = `selected ${sockets[0].id}`;
  await Promise.all(sockets.slice(0, 2).map((socket) => ask(socket, "join", room)));
  return { room, sockets };
}

module.exports = {
  async "is fetched with what is known of it"(peer) {
    const { room, sockets } = await three(peer);
    const [found] = await ask(sockets[2], "fetch", room);
    const byId = new Map(found.map(([id, ...rest]) => [id, rest]));
    assert.equal(byId.size, 2);
    for (const [index, name] of ["a", "b"].entries()) {
      const [rooms, number, auth] = byId.get(sockets[index].id);
      assert.deepEqual(rooms, [room]);
      assert.deepEqual(auth, { name });
      assert.deepEqual(await ask(sockets[index], "number"), [number]);
    }
    assert.deepEqual(await ask(sockets[2], "count of", room), [[2, true]]);
    assert.deepEqual(await ask(sockets[2], "count of", "nobody's"), [[0, false]]);
  },

  async "answers when it is asked as a remote socket"(peer) {
    const { sockets } = await three(peer);
    sockets[1].on("question", (data, acknowledge) => acknowledge("b", data));
    assert.deepEqual(await ask(sockets[0], "call remote", sockets[1].id, Buffer.from([1, 2])), [
      "b",
      Buffer.from([1, 2]),
    ]);
  },

  async "joins and leaves with all others of a room"(peer) {
    const { room, sockets } = await three(peer);
    const [a, b, c] = sockets;
    const heard = sockets.map((socket) => collect(socket, "room"));
    const other = `other ${room}`;
    await ask(a, "join all", room, other);
    await ask(c, "to all", other, "one");
    await ask(b, "leave all", room);
    await ask(c, "to all", room, "two");
    await Promise.all(sockets.map((socket) => ask(socket, "ack none")));
    assert.deepEqual(heard, [[], [["one"]], []]);
  },

  async "is disconnected with all others of a room"(peer) {
    const { room, sockets } = await three(peer);
    const [a, b, c] = sockets;
    await peer.settle(b);
    const gone = once(b, "disconnect");
    const closed = once(b.io.engine, "close");
    await ask(a, "disconnect all", room, true);
    assert.equal((await gone)[0], "io server disconnect");
    await closed;
    assert.deepEqual(await ask(a, "count of", room), [[1, true]]);
    assert.ok(a.connected && c.connected);
  },
};
