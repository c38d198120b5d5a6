/**
 * What the official client sees of an engine's hooks (`app_hooks.py`):
 *
 *     node hooks.js <url>
 *
 * The last line of standard output is {"ok": true}; a failed check ends the program with its stack.
 */
"use strict";

const assert = require("node:assert/strict");
const vm = require("node:vm");
const { io } = require("socket.io-client");
const engineClient = require("engine.io-client");

const PATIENCE = 8_000; // milliseconds to wait for one thing

const next = (emitter, event) =>
  new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`no ${event} within ${PATIENCE} ms`)), PATIENCE);
    emitter.once(event, (...args) => {
      clearTimeout(timer);
      resolve(args);
    });
  });

const open = (url, options) => io(url, { forceNew: true, reconnection: false, ...options });
const as = (user) => ({ extraHeaders: { "X-User": user } });

async function refused(url) {
  for (const transports of [["polling"], ["websocket"]]) {
    const socket = open(url, { transports });
    const [error] = await next(socket, "connect_error");
    assert.equal(error.type, "TransportError");
    if (transports[0] === "polling") {
      assert.equal(error.description, 401);
    }
    socket.close();
  }
}

async function admitted(url) {
  for (const transports of [["polling"], ["websocket"], ["polling", "websocket"]]) {
    const user = `u${transports.length}`;
    const socket = open(url, { transports, ...as(user) });
    const welcome = next(socket, "welcome");
    const upgraded = next(socket, "upgraded");
    upgraded.catch(() => {});
    const [name, transport, sid] = await welcome;
    assert.equal(name, user);
    assert.equal(transport, transports[0]);
    assert.match(sid, new RegExp(`^${user}-\\d+-x{20}$`));
    assert.equal(socket.io.engine.id, sid);
    if (transports.length > 1) {
      assert.deepEqual(await upgraded, ["websocket"]);
      assert.equal(socket.io.engine.transport.name, "websocket");
    }
    socket.emit("echo", "a");
    assert.deepEqual(await next(socket, "seen"), ['2["echo","a"]']);
    const watcher = open(url, { transports: ["websocket"], ...as("watcher") });
    await next(watcher, "welcome");
    socket.disconnect();
    const [gone] = await next(watcher, "gone");
    assert.equal(gone, user);
    watcher.close();
  }
}

async function headers(url) {
  const query = "?EIO=4&transport=polling";
  const first = await fetch(`${url}/socket.io/${query}`, { headers: { "X-User": "ann" } });
  assert.equal(first.headers.get("set-cookie"), "first=ann; Path=/");
  assert.equal(first.headers.get("x-every"), "GET");
  assert.equal(first.headers.get("x-user-seen"), "ann");
  const { sid } = JSON.parse((await first.text()).slice(1));
  const post = { method: "POST", body: "40", headers: { "X-User": "ann" } };
  const second = await fetch(`${url}/socket.io/${query}&sid=${sid}`, post);
  assert.equal(await second.text(), "ok");
  assert.equal(second.headers.get("set-cookie"), null);
  assert.equal(second.headers.get("x-every"), "POST");
}

/** The bundle that the server serves, as a page would load it, talks to that server. */
async function bundle(url) {
  globalThis.XMLHttpRequest = require("xmlhttprequest-ssl").XMLHttpRequest;
  for (const name of ["socket.io.js", "socket.io.min.js"]) {
    const response = await fetch(`${url}/socket.io/${name}`);
    assert.equal(response.status, 200);
    assert.equal(response.headers.get("content-encoding"), "gzip"); // fetch asks for it and unpacks it
    const again = await fetch(`${url}/socket.io/${name}`, { headers: { "If-None-Match": response.headers.get("etag") } });
    assert.equal(again.status, 304);
    const module = { exports: {} };
    const wrapper = vm.runInThisContext(`(function (module, exports) {${await response.text()}\n})`, name);
    wrapper(module, module.exports);
    const socket = module.exports.io(url, { transports: ["polling"], forceNew: true, reconnection: false, ...as("page") });
    const [user] = await next(socket, "welcome");
    assert.equal(user, "page");
    socket.close();
  }
}

async function firstMessage(url) {
  for (const transports of [["polling"], ["websocket"]]) {
    const socket = new engineClient.Socket(url, { path: "/engine.io/", transports });
    const [message] = await next(socket, "message");
    assert.equal(message, "welcome");
    socket.close();
  }
}

async function main([url]) {
  for (const scenario of [refused, admitted, headers, bundle, firstMessage]) {
    await scenario(url);
  }
  console.log(JSON.stringify({ ok: true }));
  process.exit(0);
}

setTimeout(() => process.exit(2), 60_000).unref();
main(process.argv.slice(2)).catch((error) => {
  console.error(error);
  process.exit(1);
});
