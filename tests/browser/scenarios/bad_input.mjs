import assert from "node:assert/strict";

export default async function badInput(browser) {
  const ada = await browser.user("Ada");
  const mallory = await browser.user("Mallory");
  await ada.say("first");

  const answers = await mallory.page.evaluate(async () => {
    const { io } = await import("/socket.io/socket.io.esm.min.js");
    const socket = io({ forceNew: true });
    const ask = (...args) => socket.timeout(5_000).emitWithAck(...args).catch((error) => ({ silent: error.message }));
    const id = () => crypto.randomUUID();
    const lobby = { room: "lobby", text: "x" };
    const png = new Uint8Array([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
    const found = {};
    const cases = {
      "join: nothing": ["join"],
      "join: number": ["join", 1],
      "join: unknown": ["join", "cellar"],
      "join: prototype": ["join", "__proto__"],
      "join: object": ["join", { name: "lobby" }],
      "message: nothing": ["message"],
      "message: null": ["message", null],
      "message: string": ["message", "hello"],
      "message: list": ["message", [1, 2, 3]],
      "message: no id": ["message", { ...lobby }],
      "message: bad id": ["message", { ...lobby, id: "1" }],
      "message: id with a newline": ["message", { ...lobby, id: `${id()}\n` }],
      "message: unknown room": ["message", { ...lobby, id: id(), room: "cellar" }],
      "message: empty": ["message", { ...lobby, id: id(), text: "  \n " }],
      "message: text is a number": ["message", { ...lobby, id: id(), text: 5 }],
      "message: half a character": ["message", { ...lobby, id: id(), text: "\ud800" }],
      "message: too long": ["message", { ...lobby, id: id(), text: "x".repeat(2_001) }],
      "message: image as text": ["message", { ...lobby, id: id(), image: "\x89PNG\r\n\x1a\n" }],
      "message: no image": ["message", { ...lobby, id: id(), image: new Uint8Array(100) }],
      "message: svg": ["message", { ...lobby, id: id(), image: new TextEncoder().encode("<svg onload=alert(1)>") }],
      "message: image too large": [
        "message",
        { ...lobby, id: id(), image: new Uint8Array([...png, ...new Uint8Array(500_000)]) },
      ],
      "image: unknown": ["image", id()],
      "image: no id": ["image", { id: 1 }],
      "image: half a character": ["image", "\ud800"],
    };
    for (const [name, args] of Object.entries(cases)) found[name] = await ask(...args);

    // the same message twice is one message; somebody else's id is refused
    const mine = { ...lobby, id: id(), text: "only once", more: "than asked for" };
    const [one, two] = [await ask("message", mine), await ask("message", mine)];
    found.repeated = one.message && one.message.serial === two.message?.serial ? { error: "" } : { one, two };
    const taken = document.querySelector(".message:not(.own)").dataset.id;
    found["taken id"] = await ask("message", { ...lobby, id: taken });

    // a flood is slowed down
    const flood = Array.from({ length: 60 }, (_, i) => ask("message", { id: id(), room: "kitchen", text: `${i}` }));
    const refused = (await Promise.all(flood)).filter((answer) => answer.error === "Not so fast, please.");
    found.flood = refused.length >= 30 ? { error: "" } : { refused: refused.length };
    const connected = socket.connected;
    socket.disconnect();
    return { found, connected };
  });

  for (const [name, answer] of Object.entries(answers.found)) {
    assert.equal(typeof answer.error, "string", `${name} was answered with ${JSON.stringify(answer)}`);
  }
  assert.ok(answers.connected);

  // nobody else noticed
  await ada.sees("only once");
  assert.deepEqual(await ada.page.locator(".message .words").allInnerTexts(), ["first", "only once"]);
  await mallory.say("still here");
  await ada.sees("still here");
}
