import assert from "node:assert/strict";
import { eventually } from "../browser.mjs";

const LONG = "Donaudampfschifffahrtsgesellschaft".repeat(6);

const sideways = (page) => page.evaluate(() => document.scrollingElement.scrollWidth - innerWidth);

export default async function layout(browser) {
  const ada = await browser.user("Ada", { viewport: { width: 380, height: 760 }, hasTouch: true });
  const other = await browser.user("W".repeat(24), { colorScheme: "dark" });
  await other.say(LONG);
  await ada.sees(LONG);
  await ada.say("A long word, that.");

  for (const width of [320, 380, 600, 720, 721, 900, 1100, 1101, 1400, 1600]) {
    await ada.page.setViewportSize({ width, height: 800 });
    assert.ok((await sideways(ada.page)) <= 0, `the page is wider than ${width} pixels`);
    const bubble = await ada.message(LONG).locator(".bubble").boundingBox();
    assert.ok(bubble.x >= 0 && bubble.x + bubble.width <= width, `a message leaves the page at ${width} pixels`);
    const send = await ada.page.getByRole("button", { name: "Send" }).boundingBox();
    assert.ok(send.x + send.width <= width && send.y + send.height <= 800, `no Send button at ${width} pixels`);
  }

  // narrow: the rooms are in a drawer, which opens, closes by Escape and by choosing a room
  await ada.page.setViewportSize({ width: 380, height: 760 });
  const side = ada.page.locator("#side");
  await eventually(() => side.isVisible(), false);
  await ada.page.getByRole("button", { name: "Rooms and people" }).click();
  await eventually(() => side.isVisible(), true);
  await ada.page.keyboard.press("Escape");
  await eventually(() => side.isVisible(), false);
  await ada.page.getByRole("button", { name: "Rooms and people" }).click();
  await ada.enter("kitchen");
  await eventually(() => side.isVisible(), false);
  assert.equal(await ada.page.locator("#room-name").innerText(), "kitchen");

  // the newest message stays in view when the on-screen keyboard takes half of the screen
  await ada.page.getByRole("button", { name: "Rooms and people" }).click();
  await ada.enter("lobby");
  for (let i = 0; i < 20; i++) await other.say(`line ${i}`);
  await ada.sees("line 19");
  await ada.page.setViewportSize({ width: 380, height: 420 });
  await eventually(
    async () => {
      const box = await ada.message("line 19").boundingBox();
      return box.y > 0 && box.y + box.height < 420;
    },
    true,
  );

  for (const path of ["/login", "/admin"]) {
    await ada.page.setViewportSize({ width: 320, height: 640 });
    await ada.page.goto(path);
    assert.ok((await sideways(ada.page)) <= 0, path);
  }
}
