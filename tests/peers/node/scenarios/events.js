"use strict";

const assert = require("node:assert/strict");
const { ask, collect, once } = require("../peer");

/** Emit and wait for the echo. */
async function echo(socket, ...args) {
  const echoed = once(socket, "echo");
  socket.emit("echo", ...args);
  assert.deepEqual(await echoed, args);
}

/** Over polling, client 1 encodes UTF-8 twice, both ways: what left over polling and came back over WebSocket is wrong. */
async function avoidTwoTransports(peer, socket) {
  if (peer.version === 1) {
    await peer.settle(socket);
  }
}

module.exports = {
  async "exchanges events with any arguments"(peer) {
    const socket = await peer.connect();
    await echo(socket);
    await echo(socket, 1, "2", { 3: [true, false, null] });
    await echo(socket, [], {}, [[[]]], { a: { b: { c: [] } } }, "");
    await echo(socket, 0.1, -1.5e-7, 2 ** 53, -(2 ** 31));
    if (!peer.msgpack) {
      await echo(socket, 1e21, 1e308); // notepack.io 2.2 writes what is whole as 64 bits, whatever it is
    }
    await echo(socket, ...Array.from({ length: 50 }, (_, index) => ({ index })));
  },

  async "exchanges events emitted before it was connected"(peer) {
    const socket = peer.open();
    const echoed = collect(socket, "echo");
    for (let index = 0; index < 5; index++) {
      socket.emit("echo", index);
    }
    await once(socket, "welcome");
    await ask(socket, "ack none");
    assert.deepEqual(echoed, [[0], [1], [2], [3], [4]]);
  },

  async "exchanges binary nested in lists and maps"(peer) {
    const socket = await peer.connect();
    await echo(socket, Buffer.from([1, 2, 3, 4]));
    await echo(socket, Buffer.alloc(0));
    await echo(socket, "mixed", { list: [Buffer.from("a"), { deep: Buffer.from([0, 30, 255]) }], plain: 1 }, [
      Buffer.from("last"),
      null,
    ]);
    await echo(socket, ...Array.from({ length: 10 }, (_, index) => Buffer.from([index])));
    await echo(socket, { _placeholder: false, num: 0 }, Buffer.from("beside what looks like a placeholder"));
    await peer.settle(socket);
    await echo(socket, Buffer.from([0x34, 0x1e, 0x62]), "after the upgrade");
  },

  async "exchanges typed arrays"(peer) {
    if (peer.version === 1) {
      return; // it takes them for plain objects
    }
    const socket = await peer.connect();
    const echoed = once(socket, "echo");
    socket.emit("echo", new Uint8Array([1, 2, 3]), new Uint8Array([4, 5]).buffer);
    assert.deepEqual(await echoed, [Buffer.from([1, 2, 3]), Buffer.from([4, 5])]);
  },

  async "exchanges unicode"(peer) {
    const socket = await peer.connect();
    await avoidTwoTransports(peer, socket);
    await echo(socket, "€ 漢字 😀 👩‍👩‍👧", { "ключ 🔑": "значение" });
    await echo(socket, "\u0000 \u001e \u001f \u007f \u2028 \u2029 \ufeff \uffff", '"\\/\b\f\n\r\t');
    if (!peer.msgpack) {
      await echo(socket, "a lone surrogate \ud83d stays what it is"); // notepack.io cannot write it
    }
    if (peer.version === 1 && peer.transports !== "websocket") {
      return; // only its own echo is right
    }
    const answer = once(socket, "réponse 😀");
    socket.emit("événement 😀", "ça va");
    assert.deepEqual(await answer, ["ça va"]);
  },

  async "exchanges 200 KB both ways"(peer) {
    const socket = await peer.connect();
    await avoidTwoTransports(peer, socket);
    const text = "0123456789 äöü €".repeat(10_000);
    const bytes = Buffer.from(Array.from({ length: 200_000 }, (_, index) => (index * 31) % 256));
    await echo(socket, text);
    await echo(socket, bytes);
    await peer.settle(socket);
    await echo(socket, { text, bytes });
    assert.deepEqual(await ask(socket, "ack many", bytes, text), [bytes, text]);
  },
};
