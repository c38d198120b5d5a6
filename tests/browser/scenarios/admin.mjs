import assert from "node:assert/strict";
import { eventually, POLL_AFTER_FAREWELL } from "../browser.mjs";

export default async function admin(browser) {
  browser.expect(POLL_AFTER_FAREWELL);
  const ada = await browser.user("Ada");
  const grace = await browser.user("Grace");
  await grace.enter("kitchen");
  await ada.say("one");

  const page = await browser.page({ viewport: { width: 1000, height: 900 } });
  await page.goto("/admin");
  for (const wrong of ["wrong", "", "é".repeat(50), `${process.env.CHAT_ADMIN_TOKEN} `]) {
    if (!wrong) continue; // the form itself asks for a token
    await page.getByLabel("Token").fill(wrong);
    await page.getByRole("button", { name: "Open" }).click();
    await page.getByRole("alert").getByText("The server refused: wrong token").waitFor();
    assert.equal(await page.locator("#dashboard").isVisible(), false);
    await page.reload();
  }

  await page.getByLabel("Token").fill(process.env.CHAT_ADMIN_TOKEN);
  await page.getByRole("button", { name: "Open" }).click();
  await page.locator("#dashboard").waitFor();
  await page.locator("#people li[data-name=Ada]", { hasText: "# lobby" }).waitFor();
  await page.locator("#people li[data-name=Grace]", { hasText: "# kitchen" }).waitFor();
  await page.locator("#messages").getByText("1", { exact: true }).waitFor();
  await ada.say("two");
  await page.locator("#messages").getByText("2", { exact: true }).waitFor();

  await page.getByLabel("Announcement").and(page.locator("input")).fill("Tea at <b>four</b>");
  await page.getByRole("button", { name: "Announce" }).click();
  await page.getByText("Announced to 2 people.").waitFor();
  for (const user of [ada, grace]) await user.page.getByRole("alert").getByText("Tea at <b>four</b>").waitFor();
  await page.screenshot({ path: `${process.env.ARTIFACTS}/admin.png` });

  await page.getByRole("button", { name: "Kick Grace" }).click();
  await grace.page.getByText("An administrator has shown you out.").waitFor();
  await eventually(() => ada.person("Grace").count(), 0);
  await eventually(() => page.locator("#people li[data-name=Grace]").count(), 0);
  await grace.page.getByRole("button", { name: "Come back in" }).click();
  await ada.person("Grace").waitFor();
  await grace.enter("lobby");
  await grace.sees("two");
}
