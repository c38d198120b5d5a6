import assert from "node:assert/strict";

/** In the page: what the browser agreed on, and what comes back of what it sends. */
async function talk(transports) {
  const socket = window.io({ transports });
  await new Promise((resolve) => socket.on("connect", resolve));
  const engine = socket.io.engine;
  if (engine.transport.name !== "websocket") await new Promise((resolve) => engine.on("upgrade", resolve));
  const heard = [];
  socket.on("news", (from, text) => from === socket.id && heard.push(text)); // the other page's come in between
  const failures = [];
  for (const size of [0, 1, 200, 5_000, 300_000]) {
    const text = "wörter 😀 ".repeat(size / 9);
    const bytes = new Uint8Array(size).map((_, index) => index % 251);
    const [sameText, sameBytes] = await socket.emitWithAck("echo", text, bytes.buffer);
    if (sameText !== text || new Uint8Array(sameBytes).join() !== bytes.join()) failures.push(size);
    socket.emit("to all", socket.id, text);
    await socket.emitWithAck("echo");
    if (heard.pop() !== text) failures.push(`broadcast of ${size}`);
  }
  return { extensions: engine.transport.ws.extensions, failures };
}

export default async function compression(browser) {
  const pages = [await browser.page(), await browser.page()];
  for (const page of pages) await page.goto("/");
  const results = await Promise.all([pages[0].evaluate(talk, ["websocket"]), pages[1].evaluate(talk, ["polling", "websocket"])]);
  for (const { extensions, failures } of results) {
    assert.match(extensions, /^permessage-deflate/);
    assert.deepEqual(failures, []);
  }
}
