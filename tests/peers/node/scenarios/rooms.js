"use strict";

const assert = require("node:assert/strict");
const { ask, collect } = require("../peer");

/** Four sockets: a and b in the room, c in the room and in `quiet`, d in neither. */
async function four(peer) {
  const sockets = await Promise.all(["a", "b", "c", "d"].map(() => peer.connect()));
  const [a, b, c] = sockets;
  const room = `room ${a.id}`;
  const quiet = `quiet ${a.id}`;
  await Promise.all([ask(a, "join", room), ask(b, "join", room), ask(c, "join", room), ask(c, "join", quiet)]);
  return { room, quiet, sockets, heard: sockets.map((socket) => collect(socket, "room")) };
}

/** Every socket has heard all that the server sent it before this. */
const flush = (sockets) => Promise.all(sockets.map((socket) => ask(socket, "ack none")));

module.exports = {
  async "joins and leaves rooms"(peer) {
    const socket = await peer.connect();
    assert.deepEqual(await ask(socket, "join", "one"), [["one"]]);
    assert.deepEqual(await ask(socket, "join", "zwei €"), [["one", "zwei €"]]);
    assert.deepEqual(await ask(socket, "join", "one"), [["one", "zwei €"]]);
    assert.deepEqual(await ask(socket, "leave", "one"), [["zwei €"]]);
    assert.deepEqual(await ask(socket, "leave", "never joined"), [["zwei €"]]);
  },

  async "hears what is sent to its rooms, once"(peer) {
    const { room, quiet, sockets, heard } = await four(peer);
    const [a] = sockets;
    a.emit("to others", room, "others", Buffer.from([1]));
    a.emit("to all", room, "all");
    a.emit("to two rooms", room, quiet, "two rooms");
    a.emit("to except", room, quiet, "except");
    a.emit("to all", a.id, "own id");
    await ask(a, "ack none");
    await flush(sockets);
    const others = ["others", Buffer.from([1])];
    assert.deepEqual(heard, [
      [["all"], ["two rooms"], ["except"], ["own id"]],
      [others, ["all"], ["two rooms"], ["except"]],
      [others, ["all"], ["two rooms"]],
      [],
    ]);
  },

  async "hears nothing more from a room that it left"(peer) {
    const { room, sockets, heard } = await four(peer);
    const [a, b] = sockets;
    await ask(b, "leave", room);
    a.emit("to all", room, "after");
    await ask(a, "ack none");
    await flush(sockets);
    assert.deepEqual(heard, [[["after"]], [], [["after"]], []]);
  },

  async "answers when the room is called"(peer) {
    const { room, sockets } = await four(peer);
    for (const [index, socket] of sockets.entries()) {
      socket.on("question", (question, acknowledge) => acknowledge(`${question} ${index}`));
    }
    const [replies] = await ask(sockets[3], "call room", room, "ready?");
    assert.deepEqual(replies.map(([, reply]) => reply).sort(), ["ready? 0", "ready? 1", "ready? 2"]);
    for (const [sid, reply] of replies) {
      assert.equal(sid, sockets[Number(reply.at(-1))].id);
    }
  },
};
