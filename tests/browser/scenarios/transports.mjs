import assert from "node:assert/strict";

export default async function transports(browser) {
  // the default: polling first, then the upgrade; the badge shows both
  const page = await browser.page();
  await page.addInitScript(() => {
    addEventListener("DOMContentLoaded", () => {
      const badge = document.getElementById("transport");
      window.seen = [];
      if (badge) new MutationObserver(() => window.seen.push(badge.textContent)).observe(badge, { childList: true });
    });
  });
  await page.goto("/login");
  await page.getByLabel("Your name").fill("Ada");
  await page.getByRole("button", { name: "Enter the chat" }).click();
  await page.locator("#transport").getByText("websocket").waitFor();
  assert.deepEqual(await page.evaluate(() => window.seen), ["polling", "websocket"]);

  const polling = await browser.user("Polly", { path: "/?transport=polling" });
  const websocket = await browser.user("Will", { path: "/?transport=websocket" });
  await polling.transportIs("polling");
  await websocket.transportIs("websocket");
  await polling.say("by polling");
  await websocket.sees("by polling");
  await websocket.say("by WebSocket");
  await polling.sees("by WebSocket");
  await page.getByText("by WebSocket").waitFor();

  // many at once, in order
  for (let i = 0; i < 20; i++) await websocket.write(`number ${i}`);
  await polling.sees("number 19");
  const texts = await polling.page.locator(".message .words").allInnerTexts();
  assert.deepEqual(texts.slice(-20), Array.from({ length: 20 }, (_, i) => `number ${i}`));
}
