/** What is different with clients of Socket.IO 1 and 2, beside a current one where the two meet. */
"use strict";

const assert = require("node:assert/strict");
const { Peer, ask, collect, once, until } = require("../peer");

module.exports = {
  async "is in the main namespace at once, with the id of its connection"(peer) {
    const socket = peer.open();
    const order = [];
    socket.on("connect", () => order.push("connect"));
    socket.on("welcome", () => order.push("welcome"));
    const [welcome] = await once(socket, "welcome");
    assert.deepEqual(order, ["connect", "welcome"]);
    assert.deepEqual(welcome, { id: socket.io.engine.id, auth: {} });
    assert.equal(socket.id, socket.io.engine.id);
    await peer.settle(socket);
    assert.deepEqual(await ask(socket, "transport"), [peer.finalTransport]);
  },

  async "sends the heartbeats"(peer) {
    const socket = await peer.connect();
    await peer.settle(socket);
    const disconnects = collect(socket, "disconnect");
    const packets = collect(socket.io.engine, "packet");
    await until(() => packets.filter(([packet]) => packet.type === "pong").length === 2, "two pongs");
    assert.deepEqual(await ask(socket, "ack one", "alive"), ["alive"]);
    assert.deepEqual(disconnects, []);
  },

  async "says in a query who it is"(peer) {
    const name = peer.version === 1 ? "Ada" : "Ada €"; // see "exchanges unicode"
    const admin = peer.open("/admin", { query: `token=secret&name=${encodeURIComponent(name)}` });
    const [welcome] = await once(admin, "welcome");
    assert.deepEqual(welcome.auth, { token: "secret", name });
    assert.equal(welcome.id, `/admin#${admin.io.engine.id}`);
    assert.deepEqual(await ask(admin, "say", "hello"), ["/admin heard hello"]);
    if (peer.version === 2) {
      assert.equal(admin.id, welcome.id); // version 1 shows the connection's id
    }
  },

  async "is refused with an error, and let in over the same connection"(peer) {
    const root = await peer.connect();
    const engine = root.io.engine;
    const admin = peer.join(root, "/admin", { query: "token=wrong" });
    const [error] = await once(admin, "error");
    assert.deepEqual(error, { code: 401, hint: ["token", { nested: null }] });
    const plain = peer.join(root, "/closed");
    assert.deepEqual(await once(plain, "error"), ["closed for today"]);
    const nowhere = peer.join(root, "/nowhere");
    assert.deepEqual(await once(nowhere, "error"), [{ message: "Invalid namespace" }]);
    admin.query = "token=secret";
    admin.connect();
    await once(admin, "welcome");
    assert.ok(root.io.engine === engine);
    assert.deepEqual(await ask(admin, "say", "hello"), ["/admin heard hello"]);
    assert.deepEqual(await ask(root, "ack one", "as before"), ["as before"]);
  },

  async "has several namespaces over one connection"(peer) {
    const root = await peer.connect();
    const admin = peer.join(root, "/admin", { query: "token=secret" });
    const chat = peer.join(root, "/chat");
    await Promise.all([once(admin, "welcome"), once(chat, "welcome")]);
    const said = { root: collect(root, "said"), admin: collect(admin, "said"), chat: collect(chat, "said") };
    const replies = await Promise.all([ask(chat, "say", "a"), ask(admin, "say", "b"), ask(root, "ack one", "c")]);
    assert.deepEqual(replies, [["/chat heard a"], ["/admin heard b"], ["c"]]);
    assert.deepEqual(said, { root: [], admin: [], chat: [["a"]] });
    const id = chat.id;
    chat.disconnect();
    assert.ok(root.connected && admin.connected);
    assert.deepEqual(await ask(admin, "say", "d"), ["/admin heard d"]);
    chat.connect();
    await once(chat, "welcome");
    assert.equal(chat.id, id);
    assert.deepEqual(await ask(chat, "say", "e"), ["/chat heard e"]);
  },

  async "is disconnected by the server from one namespace, and comes back"(peer) {
    const root = await peer.connect();
    const chat = peer.join(root, "/chat");
    await once(chat, "welcome");
    const gone = once(chat, "disconnect");
    chat.emit("leave me", false);
    assert.equal((await gone)[0], "io server disconnect");
    assert.deepEqual(await ask(root, "ack one", "still here"), ["still here"]);
    chat.connect();
    await once(chat, "welcome");
    assert.deepEqual(await ask(chat, "say", "again"), ["/chat heard again"]);
  },

  async "is disconnected by the server, and its connection closed"(peer) {
    const root = await peer.connect();
    await peer.settle(root);
    const id = root.id;
    const chat = peer.join(root, "/chat");
    await once(chat, "welcome");
    const [rootGone, chatGone] = [once(root, "disconnect"), once(chat, "disconnect")];
    root.emit("leave me", true);
    assert.equal((await rootGone)[0], "io server disconnect");
    assert.equal((await chatGone)[0], "io server disconnect");
    assert.equal((await peer.farewell(id)).reason, "server namespace disconnect");
    root.connect(); // a new connection: nothing else was on the old one
    await once(root, "welcome");
    assert.notEqual(root.id, id);
    assert.deepEqual(await ask(root, "ack one", "as before"), ["as before"]);
  },

  async "leaves by itself"(peer) {
    const socket = await peer.connect();
    await peer.settle(socket);
    const { id } = socket;
    socket.disconnect();
    assert.match((await peer.farewell(id)).reason, /^(client namespace disconnect|transport close)$/);
  },

  async "shares a room with a current client"(peer) {
    const other = new Peer(peer.url, "4", peer.transports, peer.restart);
    try {
      const sockets = [await peer.connect(), await other.connect()];
      const [older, current] = sockets;
      const room = `room ${older.id}`;
      const heard = sockets.map((socket) => collect(socket, "room"));
      await Promise.all(sockets.map((socket) => ask(socket, "join", room)));
      older.emit("to all", room, { bytes: Buffer.from([0, 4, 255]) }, "from the older");
      await Promise.all(sockets.map((socket) => ask(socket, "ack none")));
      current.emit("to all", room, "from the current", Buffer.from("4"));
      await Promise.all([current, older].map((socket) => ask(socket, "ack none")));
      await until(() => heard.every((events) => events.length === 2), "both events at both");
      const events = [
        [{ bytes: Buffer.from([0, 4, 255]) }, "from the older"],
        ["from the current", Buffer.from("4")],
      ];
      assert.deepEqual(heard, [events, events]);
      for (const socket of sockets) {
        socket.on("question", (question, acknowledge) => acknowledge(Buffer.concat([question, Buffer.from("!")])));
      }
      const [replies] = await ask(current, "call room", room, Buffer.from("ready"));
      assert.deepEqual(new Map(replies), new Map(sockets.map((socket) => [socket.id, Buffer.from("ready!")])));
    } finally {
      other.close();
    }
  },
};
