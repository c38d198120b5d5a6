/**
 * The official client loses its connection and comes back (`recovering.py`):
 *
 *     node recovery.js <port> <polling|websocket|upgrade> <default|msgpack>
 *
 * It goes through a proxy that cuts connections anywhere, or lets them hang. The last line of standard output is
 * {"ok": true}; a failed check ends the program with its stack.
 */
"use strict";

const assert = require("node:assert/strict");
const net = require("node:net");
const { io } = require("socket.io-client");

const PATIENCE = 8_000; // milliseconds to wait for one thing
const TRANSPORTS = { polling: ["polling"], websocket: ["websocket"], upgrade: ["polling", "websocket"] };
const delay = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

class Proxy {
  constructor(port) {
    this.pairs = new Set();
    this.budget = Infinity; // bytes of the server that are still let through
    this.server = net.createServer((client) => {
      const upstream = net.connect(port, "127.0.0.1");
      const pair = { client, upstream, hung: false };
      this.pairs.add(pair);
      const end = () => {
        this.pairs.delete(pair);
        client.destroy();
        if (!pair.hung) upstream.destroy();
      };
      client.on("data", (data) => pair.hung || upstream.write(data));
      upstream.on("data", (data) => {
        if (pair.hung) return;
        if (data.length >= this.budget) {
          client.write(data.subarray(0, this.budget), () => this.cut());
          this.budget = Infinity;
        } else {
          this.budget -= data.length;
          client.write(data);
        }
      });
      for (const side of [client, upstream]) side.on("close", end).on("error", () => {});
    });
  }

  async listen() {
    await new Promise((resolve) => this.server.listen(0, "127.0.0.1", resolve));
    return this.server.address().port;
  }

  /** Cut every connection; both sides notice. */
  cut() {
    for (const { client, upstream } of this.pairs) {
      client.destroy();
      upstream.destroy();
    }
  }

  /** Cut every connection; the server hears nothing of it. */
  hang() {
    for (const pair of this.pairs) {
      pair.hung = true;
      pair.client.destroy();
    }
  }
}

let transports, parser, direct, proxied, proxy;

function open(port, path, options = {}) {
  const socket = io(`http://127.0.0.1:${port}`, {
    path,
    transports: TRANSPORTS[transports],
    parser,
    forceNew: true,
    reconnectionDelay: 10,
    reconnectionDelayMax: 50,
    randomizationFactor: 0.5,
    timeout: PATIENCE,
    ...options,
  });
  socket.numbers = [];
  socket.on("numbered", (number) => socket.numbers.push(number));
  return socket;
}

const next = (emitter, event) =>
  new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`no ${event} within ${PATIENCE} ms`)), PATIENCE);
    emitter.once(event, (...args) => {
      clearTimeout(timer);
      resolve(args);
    });
  });

async function until(condition, what) {
  for (const deadline = Date.now() + PATIENCE; !condition(); await delay(5)) {
    assert.ok(Date.now() < deadline, `${what}: not within ${PATIENCE} ms`);
  }
}

const ask = (socket, ...args) => socket.timeout(PATIENCE).emitWithAck(...args);
const range = (length) => [...Array(length).keys()];

async function connected(path, options) {
  const socket = open(proxied, path, options);
  const helper = open(direct, path);
  await Promise.all([next(socket, "connect"), next(helper, "connect")]);
  assert.equal(socket.recovered, false);
  await ask(socket, "state");
  return [socket, helper];
}

/**
 * Connected, and not about to change transports: a client whose connection is closed then goes on receiving until it has
 * changed, and keeps what it has in hand beside the same events that it asks for again; one whose WebSocket is cut then
 * waits for the ping timeout. Whatever server it talks to.
 */
async function settled(socket) {
  const name = transports === "polling" ? "polling" : "websocket";
  await until(() => socket.connected && socket.io.engine.transport.name === name, "the connection");
}

async function lose(socket) {
  await settled(socket);
  const back = next(socket, "connect");
  socket.io.engine.close();
  await back;
}

const scenarios = {
  async "comes back before any event, and again and again"() {
    const [socket, helper] = await connected("/plenty/");
    const { id } = socket;
    for (let round = 1; round <= 3; round++) {
      await lose(socket);
      assert.equal(socket.recovered, true);
      assert.equal(socket.id, id);
      assert.deepEqual(await ask(socket, "state"), { recovered: true, rooms: [], connections: round + 1 });
    }
    socket.emit("join", "news");
    await ask(socket, "state");
    let sent = 0;
    for (let round = 0; round < 5; round++) {
      helper.emit("number", "news", sent, sent + 7, 10);
      await ask(helper, "state");
      await settled(socket);
      const back = next(socket, "connect");
      socket.io.engine.close();
      helper.emit("number", "news", sent + 7, sent + 12, 10);
      helper.emit("number", id, sent + 12, sent + 15, 10);
      sent += 15;
      await back;
      assert.equal(socket.recovered, true);
      assert.equal(socket.id, id);
      await until(() => socket.numbers.length >= sent, "the missed events");
      assert.deepEqual(socket.numbers, range(sent));
    }
    assert.deepEqual((await ask(socket, "state")).rooms, ["news"]);
    return [socket, helper];
  },

  async "is cut off in the midst of what it is sent"() {
    const [socket, helper] = await connected("/plenty/");
    const { id } = socket;
    let recovered = 0;
    socket.on("connect", () => {
      assert.equal(socket.recovered, true);
      recovered++;
    });
    socket.emit("join", "stream");
    await ask(socket, "state");
    let sent = 0;
    for (let round = 0; round < 20; round++) {
      if (round % 2 === 0 || transports === "upgrade") await settled(socket); // else while it connects
      proxy.budget = 1 + ((round * 7919) % 6_000); // in the handshake, in the CONNECT reply, in an event
      while (proxy.budget < Infinity) {
        helper.emit("number", "stream", sent, sent + 20, 150);
        sent += 20;
        await ask(helper, "state");
        await delay((round * 31) % 40);
      }
    }
    await until(() => socket.numbers.length >= sent, "all events");
    await ask(socket, "state");
    assert.deepEqual(socket.numbers, range(sent));
    assert.equal(socket.id, id);
    assert.ok(recovered >= 5, `recovered ${recovered} times`);
    return [socket, helper];
  },

  async "comes back while the server believes it is there"() {
    if (transports === "polling") return []; // a client that polls would tell the server over another connection
    const [socket, helper] = await connected("/plenty/");
    const { id } = socket;
    socket.emit("join", "ghost");
    await ask(socket, "state");
    for (let round = 1; round <= 3; round++) {
      await settled(socket);
      const back = next(socket, "connect");
      proxy.hang();
      helper.emit("number", "ghost", round * 10 - 10, round * 10, 10);
      await back;
      assert.equal(socket.recovered, true);
      assert.equal(socket.id, id);
      await until(() => socket.numbers.length >= round * 10, "the missed events");
    }
    assert.deepEqual(socket.numbers, range(30));
    return [socket, helper];
  },

  async "does not take the text of a volatile event for an offset"() {
    const [socket, helper] = await connected("/plenty/");
    socket.emit("join", "volatile");
    await ask(socket, "state");
    let got = 0;
    socket.on("volatile", () => got++);
    for (const deadline = Date.now() + PATIENCE; got === 0 && Date.now() < deadline; await delay(5)) {
      helper.emit("quiet", "volatile");
    }
    assert.ok(got > 0);
    await ask(helper, "state");
    await lose(socket);
    assert.equal(socket.recovered, true);
    return [socket, helper];
  },

  async "two clients, each its own"() {
    const [first, helper] = await connected("/plenty/");
    const [second, other] = await connected("/plenty/");
    helper.emit("number", first.id, 0, 5, 10);
    helper.emit("number", second.id, 100, 105, 10);
    await ask(helper, "state");
    const ids = [first.id, second.id];
    await Promise.all([lose(first), lose(second)]);
    assert.deepEqual([first.recovered, second.recovered], [true, true]);
    assert.deepEqual([first.id, second.id], ids);
    await until(() => first.numbers.length >= 5 && second.numbers.length >= 5, "the events");
    assert.deepEqual(first.numbers, [0, 1, 2, 3, 4]);
    assert.deepEqual(second.numbers, [100, 101, 102, 103, 104]);
    return [first, second, helper, other];
  },

  async "is told when it comes too late"() {
    const [socket, helper] = await connected("/brief/", { reconnectionDelay: 500, reconnectionDelayMax: 500 });
    const { id } = socket;
    socket.emit("join", "news");
    await ask(socket, "state");
    await lose(socket);
    assert.equal(socket.recovered, false);
    assert.notEqual(socket.id, id);
    assert.deepEqual(await ask(socket, "state"), { recovered: false, rooms: [], connections: 1 });
    return [socket, helper];
  },

  async "is told when something it missed was dropped"() {
    const [socket, helper] = await connected("/small/", { reconnectionDelay: 500, reconnectionDelayMax: 500 });
    const { id } = socket;
    socket.emit("join", "news");
    await ask(socket, "state");
    helper.emit("number", "news", 0, 5, 10);
    await until(() => socket.numbers.length === 5, "the events");
    await settled(socket);
    const back = next(socket, "connect");
    socket.io.engine.close();
    helper.emit("number", "news", 5, 100, 1_000);
    await back;
    assert.equal(socket.recovered, false);
    assert.notEqual(socket.id, id);
    assert.deepEqual(await ask(socket, "state"), { recovered: false, rooms: [], connections: 1 });
    assert.deepEqual(socket.numbers, range(5));
    return [socket, helper];
  },

  async "is refused by a middleware, and comes back with a better token"() {
    let token = "good";
    const [socket, helper] = await connected("/plenty/", { auth: (give) => give({ token }) });
    const { id } = socket;
    socket.emit("join", "auth");
    await ask(socket, "state");
    token = "expired";
    await settled(socket);
    const refused = next(socket, "connect_error");
    socket.io.engine.close();
    const [error] = await refused;
    assert.equal(error.message, "expired");
    helper.emit("number", "auth", 0, 3, 10);
    await ask(helper, "state");
    token = "good";
    const back = next(socket, "connect");
    socket.connect();
    await back;
    assert.equal(socket.recovered, true);
    assert.equal(socket.id, id);
    await until(() => socket.numbers.length >= 3, "the missed events");
    assert.deepEqual(socket.numbers, [0, 1, 2]);
    return [socket, helper];
  },

  /** At least once is what `retries` gives: the answer was lost, and the client asks again. */
  async "retries: the server does it again when its answer was lost"() {
    const [socket, helper] = await connected("/plenty/", { retries: 3, ackTimeout: 2_000 });
    const what = `pay ${socket.id}`;
    const answer = await new Promise((resolve, reject) => {
      socket.emit("do, and lose the answer", what, (error, value) => (error ? reject(error) : resolve(value)));
    });
    assert.equal(socket.recovered, true);
    assert.equal(answer, 2);
    assert.equal(await ask(helper, "do", what), 3);
    return [socket, helper];
  },
};

async function main([port, choice, encoding]) {
  transports = choice;
  parser = encoding === "msgpack" ? require("socket.io-msgpack-parser") : undefined;
  direct = Number(port);
  proxy = new Proxy(direct);
  proxied = await proxy.listen();
  for (const [name, scenario] of Object.entries(scenarios)) {
    let limit;
    const late = new Promise((_, reject) => (limit = setTimeout(() => reject(new Error("not done in time")), 20_000)));
    try {
      const sockets = await Promise.race([scenario(), late]);
      sockets.forEach((socket) => socket.disconnect());
    } catch (error) {
      error.message = `${name} (${transports}, ${encoding}): ${error.message}`;
      throw error;
    } finally {
      clearTimeout(limit);
    }
  }
  console.log(JSON.stringify({ ok: true }));
  process.exit(0);
}

main(process.argv.slice(2)).catch((error) => {
  console.error(error);
  process.exit(1);
});
