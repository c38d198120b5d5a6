// Who is here, and who is writing.

import { avatar, element } from "./elements.js";

const WRITING_FOR = 4_000; // milliseconds after which somebody who was writing has stopped, whatever got lost
const TELL_EVERY = 2_000; // milliseconds between two "I am writing"

export class People {
  #rooms = new Map(); // name → the rooms that this person has open

  constructor({ list, count, me }) {
    Object.assign(this, { list, count, me });
  }

  reset(online) {
    this.#rooms = new Map(Object.entries(online));
  }

  /** Returns what changed about *room*: "joined", "left" or nothing. */
  update(name, rooms, room) {
    const was = this.#rooms.get(name)?.includes(room) ?? false;
    if (rooms) this.#rooms.set(name, rooms);
    else this.#rooms.delete(name);
    const is = rooms?.includes(room) ?? false;
    if (was === is) return "";
    return is ? "joined" : "left";
  }

  render(room) {
    const here = (name) => this.#rooms.get(name).includes(room);
    const names = [...this.#rooms.keys()].sort((a, b) => here(b) - here(a) || a.localeCompare(b));
    this.count.textContent = names.length;
    this.list.replaceChildren(
      ...names.map((name) => {
        const where = this.#rooms.get(name).map((open) => `# ${open}`).join(", ");
        const small = element("small", {}, name === this.me ? `you, in ${where}` : where);
        const words = element("span", { class: "person-name" }, name, small);
        const item = element("li", { class: here(name) ? "person" : "person elsewhere" }, avatar(name), words);
        item.dataset.name = name;
        return item;
      }),
    );
  }
}

export class Writers {
  #timers = new Map(); // name → timer

  constructor(line) {
    this.line = line;
  }

  update(name, writing) {
    clearTimeout(this.#timers.get(name));
    this.#timers.delete(name);
    if (writing) this.#timers.set(name, setTimeout(() => this.update(name, false), WRITING_FOR));
    this.#render();
  }

  clear() {
    for (const name of [...this.#timers.keys()]) this.update(name, false);
  }

  #render() {
    const names = [...this.#timers.keys()];
    if (!names.length) return this.line.replaceChildren();
    const who = names.length > 2 ? "Several people" : names.join(" and ");
    const dots = element("span", { class: "dots", "aria-hidden": "true" }, ...[1, 2, 3].map(() => element("i")));
    this.line.replaceChildren(dots, `${who} ${names.length > 1 ? "are" : "is"} writing`);
  }
}

/** Tells the others that we are writing: at once, every two seconds while it goes on, and when it stops. */
export class Writing {
  #told = 0;
  #timer;

  constructor(socket) {
    this.socket = socket;
  }

  started() {
    if (performance.now() - this.#told > TELL_EVERY || !this.#told) {
      this.#told = performance.now();
      this.socket.volatile.emit("typing", true);
    }
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.stopped(), WRITING_FOR - 1_000);
  }

  stopped() {
    clearTimeout(this.#timer);
    if (this.#told) this.socket.volatile.emit("typing", false);
    this.#told = 0;
  }
}
