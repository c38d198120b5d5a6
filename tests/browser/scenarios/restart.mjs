import assert from "node:assert/strict";
import { eventually, server } from "../browser.mjs";

export default async function restart(browser) {
  browser.expect(/ERR_CONNECTION_REFUSED|ERR_CONNECTION_RESET|ERR_EMPTY_RESPONSE|WebSocket connection to/);
  const ada = await browser.user("Ada");
  const grace = await browser.user("Grace");
  await ada.enter("music");
  await grace.enter("music");
  await ada.say("before");
  await grace.sees("before");
  await ada.transportIs("websocket");
  await grace.transportIs("websocket");

  await server("stop");
  await ada.page.getByText("The connection is lost").waitFor();
  await ada.transportIs("offline");
  await ada.write("written while the server was away");
  await ada.write("and another");
  await ada.message("and another").getByLabel("Waiting for the connection").waitFor();
  await ada.screenshot("disconnected");
  await server("start");

  // both come back by themselves, into their room, and what waited is sent
  for (const user of [ada, grace]) {
    await user.isOnline();
    await user.transportIs("websocket");
  }
  await ada.delivered("written while the server was away");
  await ada.delivered("and another");
  await grace.sees("and another");
  assert.equal(await grace.page.locator("#room-name").innerText(), "music");

  await grace.say("after");
  await ada.sees("after");
  const wanted = ["before", "written while the server was away", "and another", "after"];
  for (const user of [ada, grace]) {
    assert.deepEqual(await user.page.locator(".message .words").allInnerTexts(), wanted);
    await eventually(() => user.page.locator("#online-count").innerText(), "2");
    await eventually(() => user.page.locator("#banner").isVisible(), false);
  }

  // a new page has the same: the history and the login outlive the process
  await grace.page.reload();
  await grace.sees("after");
  assert.deepEqual(await grace.page.locator(".message .words").allInnerTexts(), wanted);
}
