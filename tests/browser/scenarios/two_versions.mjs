import assert from "node:assert/strict";
import { eventually, server } from "../browser.mjs";

const WAYS = [["polling"], ["websocket"], ["polling", "websocket"]];

/** Opens a client of each version; what they hear is kept in `heard` on the page. */
function open(page, transports) {
  return page.evaluate(async (transports) => {
    window.heard = { 2: [], 4: [] };
    window.clients = {
      2: io2("/", { transports, forceNew: true, reconnectionDelay: 50, reconnectionDelayMax: 200 }),
      4: io4("/", { transports, forceNew: true, reconnectionDelay: 50, reconnectionDelayMax: 200 }),
    };
    for (const [version, client] of Object.entries(clients)) {
      client.on("said", (text, data) => heard[version].push(`${text}: ${[...new Uint8Array(data)]}`));
      client.on("question", (text, answer) => answer(`${version} says ${text}`));
    }
    await Promise.all(Object.values(clients).map((client) => new Promise((resolve) => client.on("connect", resolve))));
  }, transports);
}

const close = (page) => page.evaluate(() => Object.values(clients).forEach((client) => client.close()));
const transport = (page, version) => page.evaluate((version) => clients[version].io.engine.transport.name, version);
const ask = (page, version, ...args) =>
  page.evaluate(([version, args]) => new Promise((resolve) => clients[version].emit(...args, resolve)), [version, args]);
const say = (page, version, text, bytes) =>
  page.evaluate(
    ([version, text, bytes]) =>
      new Promise((resolve) => clients[version].emit("say", text, new Uint8Array(bytes).buffer, resolve)),
    [version, text, bytes],
  );

export default async function twoVersions(browser) {
  const page = await browser.page();
  await page.goto("/");
  for (const transports of WAYS) {
    await open(page, transports);
    for (const version of [2, 4]) await eventually(() => transport(page, version), transports.at(-1));
    const long = "€".repeat(400);
    assert.deepEqual(await say(page, 2, "old", [1, 2, 3]), { heard: "old", bytes: 3 });
    assert.deepEqual(await say(page, 4, long, [0, 255]), { heard: long, bytes: 2 });
    for (const version of [2, 4]) {
      await eventually(() => page.evaluate((version) => heard[version].length, version), 2);
      assert.deepEqual(await page.evaluate((version) => heard[version], version), ["old: 1,2,3", `${long}: 0,255`]);
      assert.equal(await ask(page, version, "ask me", "hello"), `${version} says hello`);
    }
    await close(page);
  }

  const names = await page.evaluate(async () => {
    const asked = (client) => new Promise((resolve) => client.emit("whoami", resolve));
    const old = io2("/admin?name=ada", { forceNew: true });
    const current = io4("/admin", { forceNew: true, auth: { name: "grace" } });
    const found = [await asked(old), await asked(current)];
    old.close();
    current.close();
    return found;
  });
  assert.deepEqual(names, ["ada", "grace"]);

  await open(page, ["polling", "websocket"]);
  for (const version of [2, 4]) await eventually(() => transport(page, version), "websocket");
  browser.expect(/ERR_CONNECTION_REFUSED|WebSocket connection|Failed to load resource/); // while the server is down
  await server("stop");
  for (const version of [2, 4]) await eventually(() => page.evaluate((v) => clients[v].connected, version), false);
  await server("start");
  for (const version of [2, 4]) await eventually(() => page.evaluate((v) => clients[v].connected, version), true);
  await say(page, 4, "again", [7]);
  for (const version of [2, 4]) {
    await eventually(() => page.evaluate((version) => heard[version].at(-1), version), "again: 7");
  }
  await close(page);
}
