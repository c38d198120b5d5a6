// One Chromium for a scenario, and its users: each in a context of its own, so with its own cookies and storage.

import assert from "node:assert/strict";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { chromium } from "playwright-core";

const { CHROMIUM, CHAT_URL, ARTIFACTS } = process.env;
const FLAGS = [
  "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync", "--force-color-profile=srgb",
];
const PATIENCE = 15_000; // milliseconds for anything to show up
const answers = createInterface({ input: process.stdin });

/** Have the test that started us "stop" or "start" the server. */
export async function server(word) {
  const answered = once(answers, "line");
  process.stdout.write(`${word}\n`);
  await answered;
}

/**
 * A client that is refused while it polls sends its farewell and its next poll at once, on two connections. Where the
 * farewell is the first to arrive, the poll's session id is unknown, and so says the server.
 */
export const POLL_AFTER_FAREWELL = /status of 400 .*transport=polling&t=\w+&sid=/;

export class Browser {
  problems = [];
  #expected = [];
  #users = [];

  static async launch() {
    const made = new Browser();
    made.chromium = await chromium.launch({ executablePath: CHROMIUM, args: FLAGS });
    return made;
  }

  close() {
    return this.chromium.close();
  }

  /** A page in a fresh context that reports errors and foreign requests. */
  async page(options = {}) {
    const context = await this.chromium.newContext({ baseURL: CHAT_URL, locale: "en-GB", ...options });
    context.setDefaultTimeout(PATIENCE);
    const page = await context.newPage();
    page.on("console", (message) => {
      if (message.type() === "error") this.#problem(`console: ${message.text()} (${message.location().url})`);
    });
    page.on("pageerror", (error) => this.#problem(`uncaught: ${error.stack}`));
    const check = (url) => {
      if (!/^(blob|data):/.test(url) && new URL(url).host !== new URL(CHAT_URL).host) this.#problem(`request: ${url}`);
    };
    page.on("request", (request) => check(request.url()));
    page.on("websocket", (socket) => check(socket.url()));
    return page;
  }

  /** A user who has logged in and is connected. */
  async user(name, { path = "/", ...options } = {}) {
    const page = await this.page(options);
    await page.goto("/login");
    await page.getByLabel("Your name").fill(name);
    await page.getByRole("button", { name: "Enter the chat" }).click();
    await page.waitForURL("/");
    if (path !== "/") await page.goto(path);
    const user = new User(name, page);
    this.#users.push(user);
    await user.isOnline();
    return user;
  }

  /** Errors that match *pattern* belong to the scenario (a server that is down makes the browser complain). */
  expect(pattern) {
    this.#expected.push(pattern);
  }

  assertNoProblems() {
    assert.deepEqual(this.problems, []);
  }

  async captureFailure(scenario) {
    for (const [index, { page }] of this.#users.entries()) {
      await page.screenshot({ path: `${ARTIFACTS}/failed-${scenario}-${index}.png` }).catch(console.error);
    }
  }

  #problem(text) {
    if (!this.#expected.some((pattern) => pattern.test(text))) this.problems.push(text);
  }
}

export class User {
  constructor(name, page) {
    this.name = name;
    this.page = page;
  }

  get badge() {
    return this.page.locator("#transport");
  }

  get messages() {
    return this.page.locator(".message");
  }

  message(text) {
    return this.page.locator(".message", { has: this.page.getByText(text, { exact: true }) });
  }

  isOnline() {
    return this.page.locator("#my-state").getByText("online").waitFor({ state: "attached" }); // in the drawer on narrow screens
  }

  transportIs(name) {
    return this.badge.getByText(name, { exact: true }).waitFor();
  }

  async write(text) {
    await this.page.getByLabel("Message", { exact: true }).fill(text);
    await this.page.keyboard.press("Enter");
  }

  async say(text) {
    await this.write(text);
    await this.delivered(text);
  }

  delivered(text) {
    return this.message(text).getByLabel("Delivered").waitFor();
  }

  sees(text) {
    return this.message(text).waitFor();
  }

  enter(room) {
    return this.page.locator(`[data-room=${room}]`).click();
  }

  unread(room) {
    return this.page.locator(`[data-room=${room}] .unread`);
  }

  person(name) {
    return this.page.locator(`.person[data-name="${name}"]`);
  }

  async attach(image, mimeType = "image/png") {
    await this.page.locator("#file").setInputFiles({ name: "image", mimeType, buffer: image });
    await this.page.locator("#preview").waitFor();
  }

  async screenshot(name) {
    await this.page.screenshot({ path: `${ARTIFACTS}/${name}.png` });
  }
}

/** Wait until *probe* (async, in Node.js) gives *wanted*: for what no single element shows. */
export async function eventually(probe, wanted) {
  const end = Date.now() + PATIENCE;
  let got = await probe();
  while (got !== wanted && Date.now() < end) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    got = await probe();
  }
  assert.equal(got, wanted);
}

/** A landscape of *width* × *height* pixels, drawn by the browser: no image files to keep. */
export async function landscape(page, width, height, type = "image/jpeg") {
  const base64 = await page.evaluate(
    async ([width, height, type]) => {
      const canvas = Object.assign(document.createElement("canvas"), { width, height });
      const pen = canvas.getContext("2d");
      const sky = pen.createLinearGradient(0, 0, 0, height);
      for (const [at, colour] of [[0, "#27406b"], [0.35, "#b3678b"], [0.6, "#f6b26b"], [1, "#ffe2a8"]]) {
        sky.addColorStop(at, colour);
      }
      pen.fillStyle = sky;
      pen.fillRect(0, 0, width, height);
      pen.fillStyle = "#fff3cf";
      pen.beginPath();
      pen.arc(width * 0.66, height * 0.5, height * 0.085, 0, 7);
      pen.fill();
      const ridges = [["#8d6a94", 0.6, 0.09, 2.1], ["#5d5480", 0.7, 0.1, 3.3], ["#343a5e", 0.8, 0.08, 4.7], ["#1b2440", 0.9, 0.06, 7.9]];
      for (const [colour, level, rise, waves] of ridges) {
        pen.fillStyle = colour;
        pen.beginPath();
        pen.moveTo(0, height);
        for (let x = 0; x <= width; x += 2) {
          const at = (x / width) * waves;
          const y = Math.sin(at * 2.3 + level * 9) + 0.5 * Math.sin(at * 5.1 + 1) + 0.22 * Math.sin(at * 13.7);
          pen.lineTo(x, height * (level - (rise * y) / 1.7));
        }
        pen.lineTo(width, height);
        pen.fill();
      }
      return canvas.toDataURL(type, 0.9).split(",")[1];
    },
    [width, height, type],
  );
  return Buffer.from(base64, "base64");
}
