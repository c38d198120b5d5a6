import assert from "node:assert/strict";
import { POLL_AFTER_FAREWELL } from "../browser.mjs";

export default async function login(browser) {
  browser.expect(POLL_AFTER_FAREWELL);
  const page = await browser.page();
  await page.goto("/");
  await page.waitForURL("/login");

  await page.getByLabel("Your name").fill("   ");
  await page.getByRole("button", { name: "Enter the chat" }).click();
  await page.getByRole("alert").getByText("A name of 1 to 24 characters").waitFor();

  // a name is text, never markup
  const ada = await browser.user("<b>Ada</b> & co");
  assert.equal(await ada.page.locator(".me-name").innerText().then((text) => text.split("\n")[0]), ada.name);
  assert.equal(await ada.page.locator(".me-name b, #people b").count(), 0);
  await ada.person(ada.name).waitFor();

  // two more tabs of the same browser: still one person
  const tab = await ada.page.context().newPage();
  await tab.goto("/");
  await tab.locator("#my-state").getByText("online").waitFor();
  assert.equal(await tab.locator("#online-count").innerText(), "1");

  // logging out in one tab: the other's next connection is refused, and its page goes to the login
  await tab.getByRole("button", { name: "Log out" }).click();
  await tab.waitForURL("/login");
  const refusal = await tab.evaluate(async () => {
    const { io } = await import("/socket.io/socket.io.esm.min.js");
    const socket = io({ forceNew: true });
    return new Promise((resolve) =>
      socket.on("connect_error", ({ message, data }) => resolve({ message, data, retries: socket.active })),
    );
  });
  assert.deepEqual(refusal, { message: "log in first", data: { login: "/login" }, retries: false });
}
