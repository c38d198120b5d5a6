/** What every scenario stands on: connecting with the chosen client, and waiting for things with a limit. */
"use strict";

const assert = require("node:assert/strict");

const PATIENCE = 8_000; // milliseconds to wait for one thing
const TRANSPORTS = { polling: ["polling"], websocket: ["websocket"], upgrade: ["polling", "websocket"] };

class Peer {
  static packages = {
    4: "socket.io-client",
    3: "socket.io-client-3",
    2: "socket.io-client-2",
    1: "socket.io-client-1",
    "4-msgpack": "socket.io-client",
    "4-deflated": "socket.io-client",
  };
  static parsers = { "4-msgpack": "socket.io-msgpack-parser", "4-deflated": "./deflated-parser" };

  constructor(url, version, transports, restart) {
    this.url = url;
    this.version = parseInt(version, 10);
    this.compact = version.endsWith("-deflated"); // the encoding makes everything small
    this.msgpack = version.endsWith("msgpack");
    this.parser = Peer.parsers[version] && require(Peer.parsers[version]);
    this.deflate = JSON.parse(process.env.PEER_DEFLATE_OFFER ?? "null"); // what the client is told; the server has it on
    this.transports = transports;
    this.restart = restart;
    this.sockets = [];
    const client = require(Peer.packages[version]);
    this.io = client.io ?? client; // a function before version 3
  }

  /** The transport that a connection ends up on. */
  get finalTransport() {
    return this.transports === "polling" ? "polling" : "websocket";
  }

  /** A socket that is connecting. Each has its own connection, and stays down once it is down, unless `options` differ. */
  open(namespace = "/", options = {}) {
    const socket = this.io(this.url + namespace, {
      transports: TRANSPORTS[this.transports],
      forceNew: true,
      reconnection: false,
      timeout: PATIENCE,
      ...(this.parser && { parser: this.parser }),
      ...(this.deflate && { perMessageDeflate: this.deflate }),
      ...options,
    });
    this.sockets.push(socket);
    return socket;
  }

  /** A socket of another namespace that is connecting, over the connection of `socket`. */
  join(socket, namespace, options = {}) {
    const other = socket.io.socket(namespace, options);
    this.sockets.push(other);
    return other;
  }

  /** A socket that is connected and welcomed by the server. */
  async connect(namespace = "/", options = {}) {
    const socket = this.open(namespace, options);
    await Promise.all([once(socket, "connect"), once(socket, "welcome")]);
    return socket;
  }

  /** Wait until the connection has arrived on its final transport. */
  async settle(socket) {
    const engine = socket.io.engine;
    if (engine.transport.name !== this.finalTransport) {
      await once(engine, "upgrade");
    }
    assert.equal(engine.transport.name, this.finalTransport);
  }

  /** What the server's disconnect handlers saw of a socket; waits until they ran. */
  async farewell(id) {
    return this.observed(`farewell/${id}`);
  }

  async observed(what) {
    const response = await fetch(`${this.url}/observed/${what}`);
    assert.equal(response.status, 200);
    return response.json();
  }

  close() {
    for (const socket of this.sockets) {
      socket.disconnect();
    }
  }
}

/** The arguments of the next `event`; fails when the socket is refused or lost meanwhile. */
function once(emitter, event) {
  const promise = new Promise((resolve, reject) => {
    const finish = (settle, value) => {
      clearTimeout(timer);
      emitter.off(event, arrived);
      emitter.off("disconnect", lost);
      emitter.off("connect_error", refused);
      settle(value);
    };
    const arrived = (...args) => finish(resolve, args);
    const lost = (reason) => event !== "disconnect" && finish(reject, new Error(`disconnected (${reason}) before ${event}`));
    const refused = (error) =>
      event !== "connect_error" &&
      finish(reject, new Error(`not connected (${error.message}: ${error.description}) before ${event}`));
    const timer = setTimeout(() => finish(reject, new Error(`no ${event} within ${PATIENCE} ms`)), PATIENCE);
    emitter.on(event, arrived);
    emitter.on("disconnect", lost);
    emitter.on("connect_error", refused);
  });
  promise.catch(() => {}); // a scenario that fails before it awaits this shall report its own error
  return promise;
}

/** Emit and wait for the acknowledgement; gives the array of its arguments. */
function ask(socket, event, ...args) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`${event} not acknowledged within ${PATIENCE} ms`)), PATIENCE);
    socket.emit(event, ...args, (...reply) => {
      clearTimeout(timer);
      resolve(reply);
    });
  });
}

/** Everything that arrives as `event`, in order, from now on. */
function collect(socket, event) {
  const arrived = [];
  socket.on(event, (...args) => arrived.push(args));
  return arrived;
}

const delay = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Wait until `condition()` holds. */
async function until(condition, what) {
  const deadline = performance.now() + PATIENCE;
  while (!(await condition())) {
    assert.ok(performance.now() < deadline, `${what}: not within ${PATIENCE} ms`);
    await delay(10);
  }
}

module.exports = { Peer, ask, collect, delay, once, until };
