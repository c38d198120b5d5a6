"use strict";

const assert = require("node:assert/strict");
const { ask, once } = require("../peer");

module.exports = {
  async "reconnects after the server has restarted"(peer) {
    const eager = { reconnection: true, reconnectionDelay: 50, reconnectionDelayMax: 200, randomizationFactor: 0 };
    const socket = await peer.connect("/", eager);
    await peer.settle(socket);
    await ask(socket, "join", "lost with the server");
    const id = socket.id;
    const gone = once(socket, "disconnect");
    const back = gone.then(() => new Promise((resolve) => socket.once("welcome", resolve)));
    const reconnected = new Promise((resolve) => socket.io.once("reconnect", resolve));
    await peer.restart();
    const [reason] = await gone;
    assert.match(reason, /^transport (close|error)$/);
    assert.ok((await reconnected) >= 1);
    await back;
    assert.notEqual(socket.id, id);
    assert.deepEqual(await ask(socket, "join", "new"), [["new"]]);
    await peer.settle(socket);
    assert.deepEqual(await ask(socket, "ack one", "as before"), ["as before"]);
  },
};
