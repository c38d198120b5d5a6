import assert from "node:assert/strict";
import { eventually, landscape } from "../browser.mjs";

export default async function conversation(browser) {
  const ada = await browser.user("Ada");
  const grace = await browser.user("Grace Hopper");

  // presence, both ways
  await ada.person("Grace Hopper").waitFor();
  await grace.person("Ada").waitFor();
  await ada.page.locator(".notice", { hasText: "Grace Hopper joined" }).waitFor();

  // messages both ways, with acknowledgement; text is never markup
  await ada.say("Hello Grace");
  await grace.sees("Hello Grace");
  const markup = '<img src=x onerror="document.title=1"> & <b>bold</b>';
  await grace.say(markup);
  await ada.sees(markup);
  await ada.say("two\nlines, ünïcödé, 日本語, 🚀");
  await grace.page.getByText("ünïcödé, 日本語, 🚀").waitFor();

  // typing: shown while it lasts, gone with the message
  await ada.page.getByLabel("Message", { exact: true }).pressSequentially("wait", { delay: 20 });
  await grace.page.locator("#typing").getByText("Ada is writing").waitFor();
  await ada.page.keyboard.press("Enter");
  await grace.sees("wait");
  await eventually(() => grace.page.locator("#typing").innerText(), "");

  // an image, sent as binary: the same pixels arrive
  const image = await landscape(ada.page, 640, 400, "image/png");
  await ada.attach(image);
  await ada.write("from the balcony");
  await ada.delivered("from the balcony");
  const [sent, received] = [ada, grace].map((user) => user.message("from the balcony").locator("img"));
  await eventually(() => received.evaluate((img) => img.complete && `${img.naturalWidth}x${img.naturalHeight}`), "640x400");
  assert.equal(await received.evaluate(pixels), await sent.evaluate(pixels));
  await grace.message("from the balcony").getByRole("button", { name: "Enlarge the image" }).click();
  await grace.page.locator("dialog[open] img").waitFor();
  await grace.page.keyboard.press("Escape");

  // a photo over the limit is made smaller by the page
  const large = await ada.page.evaluate(async () => {
    const canvas = Object.assign(document.createElement("canvas"), { width: 900, height: 600 });
    const pen = canvas.getContext("2d");
    const noise = pen.createImageData(900, 600);
    for (let i = 0; i < noise.data.length; i++) noise.data[i] = i % 4 === 3 ? 255 : Math.random() * 256;
    pen.putImageData(noise, 0, 0);
    return canvas.toDataURL("image/png").split(",")[1];
  });
  assert.ok(large.length > 700_000);
  await ada.attach(Buffer.from(large, "base64"));
  await ada.write("a big one");
  await ada.delivered("a big one");
  await eventually(() => grace.message("a big one").locator("img").evaluate((img) => img.complete && img.naturalWidth > 0), true);

  // rooms: who is elsewhere gets an unread count, and the messages with the room's history
  await grace.enter("travel");
  await grace.page.locator("#room-name").getByText("travel").waitFor();
  await grace.page.getByText("Nothing said here yet").waitFor();
  await ada.page.locator(".notice", { hasText: "Grace Hopper left" }).waitFor();
  await ada.say("anybody still here?");
  await ada.say("no?");
  await grace.unread("lobby").getByText("2").waitFor();
  assert.equal(await grace.message("no?").count(), 0);
  await grace.enter("lobby");
  await grace.sees("no?");
  await eventually(() => grace.message("from the balcony").locator("img").evaluate((img) => img.naturalWidth), 640);
  await eventually(() => grace.page.locator("#newest").isVisible(), false); // the newest message is in view
  const view = await grace.page.locator("#scroller").boundingBox();
  await eventually(
    async () => {
      const last = await grace.message("no?").boundingBox();
      return last.y >= view.y && last.y + last.height <= view.y + view.height;
    },
    true,
  );
  await eventually(() => grace.unread("lobby").isVisible(), false);

  // a newcomer gets the history, its images too, each message once
  const alan = await browser.user("Alan");
  await alan.sees("Hello Grace");
  await alan.sees("no?");
  await eventually(() => alan.message("from the balcony").locator("img").evaluate((img) => img.naturalWidth), 640);
  assert.equal(await alan.messages.count(), 8);
  // and after a reload of the page the room is the same, and what was his own is his own
  await alan.say("I read everything");
  await alan.page.reload();
  await alan.page.locator(".message.own", { hasText: "I read everything" }).waitFor();
  await alan.transportIs("websocket");

  // leaving
  await alan.page.close();
  await eventually(() => ada.person("Alan").count(), 0);
  await ada.page.locator(".notice", { hasText: "Alan left" }).waitFor();
  await grace.screenshot("conversation");
}

/** Runs in the page: the pixels of an image, as a PNG. */
function pixels(img) {
  const canvas = Object.assign(document.createElement("canvas"), { width: img.naturalWidth, height: img.naturalHeight });
  canvas.getContext("2d").drawImage(img, 0, 0);
  return canvas.toDataURL("image/png");
}
