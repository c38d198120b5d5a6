"use strict";

const assert = require("node:assert/strict");
const { ask, collect, once } = require("../peer");

/** A socket in two rooms, and what it hears of its end. */
async function leaver(peer) {
  const socket = await peer.connect();
  await peer.settle(socket);
  await ask(socket, "join", "one");
  await ask(socket, "join", "two");
  return { socket, id: socket.id, gone: once(socket, "disconnect"), reasons: collect(socket, "disconnect") };
}

async function assertFarewell(peer, id, reason) {
  assert.deepEqual(await peer.farewell(id), { reason, rooms: ["one", "two"], same: true, left: [] });
}

module.exports = {
  async "leaves by itself"(peer) {
    const { socket, id, gone, reasons } = await leaver(peer);
    socket.disconnect();
    assert.equal((await gone)[0], "io client disconnect");
    await assertFarewell(peer, id, "client namespace disconnect");
    assert.equal(reasons.length, 1);
  },

  async "is disconnected by the server from one namespace"(peer) {
    const { socket, id, gone, reasons } = await leaver(peer);
    const chat = peer.join(socket, "/chat");
    await once(chat, "welcome");
    socket.emit("leave me", false);
    assert.equal((await gone)[0], "io server disconnect");
    await assertFarewell(peer, id, "server namespace disconnect");
    assert.deepEqual(await ask(chat, "say", "still here"), ["/chat heard still here"]);
    socket.connect();
    await once(socket, "welcome");
    assert.notEqual(socket.id, id);
    assert.equal(reasons.length, 1);
  },

  async "is disconnected by the server, and its connection closed"(peer) {
    const { socket, id, gone, reasons } = await leaver(peer);
    const chat = peer.join(socket, "/chat");
    await once(chat, "welcome");
    const chatId = chat.id;
    const chatGone = once(chat, "disconnect");
    const closed = once(socket.io.engine, "close");
    socket.emit("leave me", true);
    assert.equal((await gone)[0], "io server disconnect");
    assert.equal((await chatGone)[0], "io server disconnect");
    await closed;
    await assertFarewell(peer, id, "server namespace disconnect");
    assert.equal((await peer.farewell(chatId)).reason, "server namespace disconnect");
    assert.equal(reasons.length, 1);
  },

  async "closes its transport"(peer) {
    const { socket, id, gone, reasons } = await leaver(peer);
    socket.io.engine.close();
    assert.equal((await gone)[0], "forced close");
    await assertFarewell(peer, id, "transport close");
    assert.equal(reasons.length, 1);
  },

  async "loses its TCP connection"(peer) {
    if (peer.finalTransport !== "websocket") {
      return; // a poll is a new request each time; what its abortion does is tested with raw requests
    }
    const { socket, id, gone, reasons } = await leaver(peer);
    socket.io.engine.transport.ws.terminate();
    assert.equal((await gone)[0], "transport close");
    await assertFarewell(peer, id, "transport close");
    assert.equal(reasons.length, 1);
  },
};
