"use strict";

const assert = require("node:assert/strict");
const { ask, collect, once } = require("../peer");

module.exports = {
  async "is refused with data"(peer) {
    for (const auth of [undefined, { token: "wrong" }]) {
      const socket = peer.open("/admin", { auth });
      const [error] = await once(socket, "connect_error");
      assert.equal(error.message, "not authorised");
      assert.deepEqual(error.data, { code: 401, hint: ["token", { nested: null }] });
      assert.ok(!socket.connected);
    }
  },

  async "is let in after a refusal, over the same connection"(peer) {
    const root = await peer.connect();
    const engine = root.io.engine;
    const admin = peer.join(root, "/admin", { auth: { token: "wrong" } });
    await once(admin, "connect_error");
    admin.auth = { token: "secret" };
    admin.connect();
    await once(admin, "welcome");
    assert.ok(root.io.engine === engine);
    assert.deepEqual(await ask(admin, "say", "hello"), ["/admin heard hello"]);
    assert.deepEqual(await ask(root, "ack one", "as before"), ["as before"]);
  },

  async "is refused an unknown namespace"(peer) {
    const socket = peer.open("/nowhere");
    const [error] = await once(socket, "connect_error");
    assert.equal(error.message, "Invalid namespace");
  },

  async "has several namespaces over one connection"(peer) {
    const root = await peer.connect();
    const admin = peer.join(root, "/admin", { auth: { token: "secret" } });
    const chat = peer.join(root, "/chat");
    await Promise.all([once(admin, "welcome"), once(chat, "welcome")]);
    assert.ok(admin.io === root.io);
    assert.equal(new Set([root.id, admin.id, chat.id, root.io.engine.id]).size, 4);

    const said = { root: collect(root, "said"), admin: collect(admin, "said"), chat: collect(chat, "said") };
    const replies = await Promise.all([ask(chat, "say", "a"), ask(admin, "say", "b"), ask(root, "ack one", "c")]);
    assert.deepEqual(replies, [["/chat heard a"], ["/admin heard b"], ["c"]]);
    assert.deepEqual(said, { root: [], admin: [], chat: [["a"]] });

    const id = chat.id;
    chat.disconnect();
    assert.equal((await peer.farewell(id)).reason, "client namespace disconnect");
    assert.ok(root.connected && admin.connected);
    assert.deepEqual(await ask(admin, "say", "d"), ["/admin heard d"]);

    chat.connect();
    await once(chat, "welcome");
    assert.notEqual(chat.id, id);
    assert.deepEqual(await ask(chat, "say", "e"), ["/chat heard e"]);
  },
};
