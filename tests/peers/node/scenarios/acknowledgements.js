"use strict";

const assert = require("node:assert/strict");
const { ask, delay, once } = require("../peer");

module.exports = {
  async "gets acknowledgements by return value"(peer) {
    const socket = await peer.connect();
    assert.deepEqual(await ask(socket, "ack one", "value"), ["value"]);
    assert.deepEqual(await ask(socket, "ack one", [1, 2]), [[1, 2]]);
    assert.deepEqual(await ask(socket, "ack one", null), []);
    assert.deepEqual(await ask(socket, "ack many", 1, "2", { 3: null }), [1, "2", { 3: null }]);
    assert.deepEqual(await ask(socket, "ack many"), []);
    assert.deepEqual(await ask(socket, "ack none"), []);
    const nested = [{ bytes: [Buffer.from([1]), "text", Buffer.from([2])] }, Buffer.from([3])];
    assert.deepEqual(await ask(socket, "ack many", ...nested), nested);
  },

  async "gets acknowledgements by callable"(peer) {
    const socket = await peer.connect();
    assert.deepEqual(await ask(socket, "ack later"), []);
    assert.deepEqual(await ask(socket, "ack later", 1, Buffer.from("2")), [1, Buffer.from("2")]);
  },

  async "gets each of many acknowledgements once"(peer) {
    const socket = await peer.connect();
    const replies = await Promise.all(Array.from({ length: 200 }, (_, index) => ask(socket, "ack one", index)));
    assert.deepEqual(replies.flat(), Array.from({ length: 200 }, (_, index) => index));
  },

  async "gets none where the handler gives none or there is no handler"(peer) {
    const socket = await peer.connect();
    const replies = [];
    socket.emit("ack never", () => replies.push("never"));
    socket.emit("nobody listens", () => replies.push("nobody"));
    await ask(socket, "ack none");
    await delay(100);
    assert.deepEqual(replies, []);
  },

  async "waits for acknowledgements with a timeout"(peer) {
    if (peer.version < 4) {
      return; // socket.timeout() came with client 4.4, emitWithAck() with 4.6
    }
    const socket = await peer.connect();
    assert.equal(await socket.timeout(5000).emitWithAck("ack one", "in time"), "in time");
    await assert.rejects(socket.timeout(150).emitWithAck("ack never"), /operation has timed out/);
    await assert.rejects(socket.timeout(150).emitWithAck("nobody listens"), /operation has timed out/);
    assert.equal(await socket.emitWithAck("ack one", "still connected"), "still connected");
  },

  async "acknowledges what the server asks"(peer) {
    const socket = await peer.connect();
    const asked = [];
    socket.on("question", (...args) => {
      const acknowledge = args.pop();
      asked.push(args);
      acknowledge(args.length === 0 ? "nothing asked" : args[0]);
    });
    assert.deepEqual(await ask(socket, "call me", 42), [42]);
    assert.deepEqual(await ask(socket, "call me", { bytes: Buffer.from([7]) }, "more"), [{ bytes: Buffer.from([7]) }]);
    assert.deepEqual(await ask(socket, "call me"), ["nothing asked"]);
    assert.deepEqual(asked, [[42], [{ bytes: Buffer.from([7]) }, "more"], []]);
  },

  async "acknowledges to the server's callback"(peer) {
    const socket = await peer.connect();
    socket.on("question", (first, second, acknowledge) => acknowledge(second, first, Buffer.from("done")));
    const reported = once(socket, "reported");
    socket.emit("ask me", "first", ["second"]);
    assert.deepEqual(await reported, [["second"], "first", Buffer.from("done")]);
  },
};
