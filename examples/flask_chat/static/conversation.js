// The messages of the room in view. A message is what the server sent ({id, serial, name, text, time, image_type}), or
// one of our own that is still on its way: without a serial, with a state ("waiting", "sending" or "failed").

import { avatar, element, hue, icon } from "./elements.js";

const clock = new Intl.DateTimeFormat([], { hour: "2-digit", minute: "2-digit" });
const weekday = new Intl.DateTimeFormat([], { weekday: "long", day: "numeric", month: "long" });
const STATES = { waiting: "Waiting for the connection", sending: "Sending", failed: "Not delivered" };
const FOLLOWS_WITHIN = 300; // seconds

export class Conversation {
  #nodes = new Map(); // id → element: kept, so that screen readers hear each message once and images stay loaded

  constructor({ log, scroller, newest, lightbox, me, images, retry }) {
    Object.assign(this, { log, scroller, newest, lightbox, me, images, retry });
    this.atEnd = true;
    let top = 0;
    scroller.addEventListener("scroll", () => {
      const near = scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < 60;
      // only a reader who goes up leaves the end: an image that loads makes the list longer, too
      if (near || scroller.scrollTop < top) this.atEnd = near;
      if (this.atEnd) newest.hidden = true;
      top = scroller.scrollTop;
    });
    newest.addEventListener("click", () => this.scrollToEnd());
    // images that arrive and windows that change their size must not push the newest message out of view
    new ResizeObserver(() => this.atEnd && this.scrollToEnd()).observe(log);
    new ResizeObserver(() => this.atEnd && this.scrollToEnd()).observe(scroller);
  }

  /** Show another room: nothing of the old one stays. */
  clear() {
    this.#nodes.clear();
    this.log.replaceChildren();
    this.newest.hidden = true;
    this.atEnd = true;
  }

  render(items) {
    // confirmed messages by serial, notices where they happened, our unconfirmed messages at the end
    const ordered = [...items].sort((a, b) => (a.serial ?? Infinity) - (b.serial ?? Infinity) || a.time - b.time);
    const nodes = [];
    let before = null;
    for (const [index, item] of ordered.entries()) {
      if (item.notice) {
        nodes.push(this.#node(item.id, () => element("li", { class: "notice" }, item.notice)));
        before = null;
        continue;
      }
      const day = new Date(item.time * 1000).toDateString();
      const newDay = !before || new Date(before.time * 1000).toDateString() !== day;
      if (newDay && !this.#nodesHave(nodes, day)) {
        nodes.push(this.#node(day, () => element("li", { class: "day" }, dayName(item.time))));
      }
      const node = this.#node(item.id, () => this.#message(item));
      this.#update(node, item);
      node.classList.toggle("follows", follows(before, item));
      node.classList.toggle("followed", follows(item, ordered[index + 1]));
      nodes.push(node);
      before = item;
    }
    if (!nodes.length) nodes.push(element("li", { class: "empty" }, "Nothing said here yet. Be the first."));
    this.#place(nodes);
    if (this.atEnd) this.scrollToEnd();
  }

  scrollToEnd() {
    this.atEnd = true;
    this.newest.hidden = true;
    this.scroller.scrollTop = this.scroller.scrollHeight;
  }

  #nodesHave(nodes, key) {
    return nodes.includes(this.#nodes.get(key));
  }

  #node(key, make) {
    if (!this.#nodes.has(key)) this.#nodes.set(key, make());
    return this.#nodes.get(key);
  }

  /** Bring the list in this order, touching only what is not in its place. */
  #place(nodes) {
    let here = this.log.firstElementChild;
    for (const node of nodes) {
      if (node === here) here = here.nextElementSibling;
      else this.log.insertBefore(node, here);
    }
    while (here) {
      const next = here.nextElementSibling;
      here.remove();
      here = next;
    }
  }

  #message(message) {
    const own = message.name === this.me;
    const author = element("span", { class: "author" }, own ? "You" : message.name);
    author.style.setProperty("--hue", hue(message.name));
    const bubble = element("div", { class: "bubble" });
    if (message.image_type) bubble.append(this.#picture(message));
    bubble.append(element("p", { class: "words" }, message.text), element("p", { class: "meta" }));
    const node = element("li", { class: "message", "data-id": message.id }, avatar(message.name), author, bubble);
    node.classList.toggle("own", own);
    node.classList.toggle("wordless", !message.text);
    return node;
  }

  #picture(message) {
    const picture = element("img", { alt: `Image from ${message.name}` });
    const button = element("button", { type: "button", class: "picture", "aria-label": "Enlarge the image" }, picture);
    const shown = this.images.url(message).then((url) => (picture.src = url));
    shown.catch((error) => button.replaceChildren(element("span", { class: "muted" }, error.message)));
    button.addEventListener("click", () => {
      const large = this.lightbox.querySelector("img");
      large.src = picture.src;
      large.alt = picture.alt;
      this.lightbox.showModal();
    });
    return button;
  }

  #update(node, message) {
    const state = message.serial ? "" : message.state;
    if (node.dataset.shown === `${state} ${message.error ?? ""}`) return;
    node.dataset.shown = `${state} ${message.error ?? ""}`;
    if (state) node.dataset.state = state;
    else delete node.dataset.state;

    const meta = [element("time", {}, clock.format(message.time * 1000))];
    if (message.name === this.me) {
      const mark = element("span", { class: "mark", role: "img" }, icon(markOf(state)));
      mark.setAttribute("aria-label", STATES[state] ?? "Delivered");
      mark.title = STATES[state] ?? "Delivered";
      meta.push(mark);
    }
    node.querySelector(".meta").replaceChildren(...meta);

    node.querySelector(".failure")?.remove();
    if (state === "failed") {
      const again = element("button", { type: "button", class: "link" }, "Try again");
      again.addEventListener("click", () => this.retry(message));
      node.append(element("p", { class: "failure" }, message.error ?? STATES.failed, again));
    }
  }
}

function markOf(state) {
  if (state === "failed") return "alert";
  return state ? "clock" : "tick";
}

function follows(before, after) {
  if (!before || !after || before.notice || after.notice || before.name !== after.name) return false;
  const sameDay = new Date(before.time * 1000).toDateString() === new Date(after.time * 1000).toDateString();
  return sameDay && after.time - before.time < FOLLOWS_WITHIN;
}

function dayName(time) {
  const day = new Date(time * 1000);
  const today = new Date();
  if (day.toDateString() === today.toDateString()) return "Today";
  today.setDate(today.getDate() - 1);
  return day.toDateString() === today.toDateString() ? "Yesterday" : weekday.format(day);
}
