"use strict";

const assert = require("node:assert/strict");
const { ask, delay, once } = require("../peer");

module.exports = {
  async "hears why an event was refused"(peer) {
    const socket = await peer.connect("/guarded");
    assert.deepEqual(await ask(socket, "refused by the middleware"), [
      { error: { message: "not that one", data: { code: 403, hint: Buffer.from([1]) } } },
    ]);
    assert.deepEqual(await ask(socket, "refused by the handler"), [{ error: { message: "not now" } }]);
    socket.emit("refused by the middleware"); // nobody waits
    assert.deepEqual(await ask(socket, "add", 1, 2), [3]);
  },

  async "hears which arguments are invalid"(peer) {
    const socket = await peer.connect("/guarded");
    assert.deepEqual(await ask(socket, "add", 1.5, 2), [3.5]);
    assert.deepEqual(await ask(socket, "add", 1), [1]);
    assert.deepEqual(await ask(socket, "add", "1", null), [
      {
        error: {
          message: "invalid arguments",
          data: [
            { argument: "first", problem: "expected float, got str" },
            { argument: "second", problem: "expected float, got NoneType" },
          ],
        },
      },
    ]);
    assert.deepEqual(await ask(socket, "add"), [
      {
        error: {
          message: "invalid arguments",
          data: [{ argument: null, problem: "the handler takes 1 to 2 arguments, and the client sent 0" }],
        },
      },
    ]);
    assert.deepEqual(await ask(socket, "add", 5, 6), [11]);
  },

  async "has its events changed and dropped by middlewares"(peer) {
    const socket = await peer.connect("/guarded");
    assert.deepEqual(await ask(socket, "sum", 3, 4), [7]); // add, under another name
    assert.deepEqual(await ask(socket, "shout", "text", Buffer.from([1])), ["TEXT", Buffer.from([1])]);
    const replies = [];
    socket.emit("dropped", () => replies.push("dropped"));
    await ask(socket, "add", 1);
    await delay(100);
    assert.deepEqual(replies, []);
  },

  async "is answered by the handler of what nobody takes"(peer) {
    const socket = await peer.connect("/guarded");
    const bytes = Buffer.from([1, 2]);
    assert.deepEqual(await ask(socket, "unknown", 1, { bytes }), ["unknown", 1, { bytes }]);
    assert.deepEqual(await ask(socket, "*"), ["*"]);
  },

  async "has each of its events seen by listeners to any"(peer) {
    const socket = await peer.connect("/guarded");
    await ask(socket, "add", 1, 2);
    await ask(socket, "unknown");
    const seen = once(socket, "seen");
    socket.emit("what was seen?");
    const [incoming, outgoing] = await seen;
    assert.deepEqual(incoming, ["add", "unknown", "what was seen?"]);
    assert.deepEqual(outgoing, ["welcome"]);
  },
};
