// Not a test: a lively conversation, photographed wide and narrow, light and dark (see make_screenshot.py).
import { eventually, landscape } from "../browser.mjs";

export default async function screenshot(browser) {
  const wide = { viewport: { width: 1400, height: 940 } };
  const mara = await browser.user("Mara Lindqvist", { ...wide, colorScheme: "light" });
  const tom = await browser.user("Tomás Ferreira");
  const june = await browser.user("June Carter");
  const kofi = await browser.user("Kofi Adu");
  const aiko = await browser.user("Aiko");
  const dark = await browser.user("Noor", { ...wide, colorScheme: "dark" });
  for (const user of [mara, tom, june, kofi, dark]) await user.enter("travel");
  await aiko.enter("kitchen");

  await tom.say("Back from the mountains! Three days of nothing but goats and blueberries 🫐");
  await june.say("Jealous. Did the weather hold?");
  await tom.say("Until the last evening it did, and then this happened:");
  await tom.attach(await landscape(tom.page, 1040, 500));
  await tom.write("");
  await eventually(() => mara.page.locator(".message img").evaluate((img) => img.naturalWidth), 1040);
  await mara.say("Oh, that light. Please tell me you stayed for the stars");
  await kofi.say("Which hut was it? We are looking for something for the last week of September.");
  await tom.say("The one above the second lake. Book early, there are twelve beds.");
  await mara.say("Done: four beds, 24 to 27 September.");
  await mara.say("June, Kofi, Noor: you are coming too 😄");
  for (const text of ["The bread is in the oven", "Forty minutes", "It smells right this time"]) await aiko.say(text);
  await june.page.getByLabel("Message", { exact: true }).pressSequentially("Yes!", { delay: 30 });
  for (const user of [mara, dark]) {
    await user.transportIs("websocket");
    await user.page.locator("#typing").getByText("June Carter is writing").waitFor();
    await user.unread("kitchen").getByText("3").waitFor();
  }
  await mara.page.mouse.move(0, 0);
  await mara.screenshot("chat-wide-light");
  await dark.screenshot("chat-wide-dark");
  for (const [user, name] of [[mara, "light"], [dark, "dark"]]) {
    await user.page.setViewportSize({ width: 900, height: 700 });
    await user.screenshot(`chat-middle-${name}`);
    await user.page.setViewportSize({ width: 380, height: 760 });
    await user.page.getByLabel("Message", { exact: true }).fill("On my way");
    await eventually(() => user.page.locator("#side").isVisible(), false);
    await user.attach(await landscape(user.page, 400, 300));
    await user.screenshot(`chat-narrow-${name}`);
    await user.page.getByRole("button", { name: "Rooms and people" }).click();
    await user.page.locator("#side.open").evaluate((side) => Promise.all(side.getAnimations().map((run) => run.finished)));
    await user.screenshot(`chat-drawer-${name}`);
  }
  const login = await browser.page({ viewport: { width: 900, height: 640 }, colorScheme: "light" });
  await login.goto("/login");
  await login.screenshot({ path: `${process.env.ARTIFACTS}/login.png` });
}
