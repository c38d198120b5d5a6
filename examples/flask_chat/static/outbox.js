// Our own messages until the server has acknowledged them. Each has an id that we chose: after a lost connection the
// page sends what was not acknowledged again, and the server recognises what it already has.

const ACKNOWLEDGED_WITHIN = 10_000; // milliseconds

export class Outbox {
  #messages = new Map(); // id → message

  constructor(socket, { changed, delivered }) {
    Object.assign(this, { socket, changed, delivered });
  }

  in(room) {
    return [...this.#messages.values()].filter((message) => message.room === room);
  }

  send(message) {
    this.#messages.set(message.id, message);
    return this.#deliver(message);
  }

  retry(message) {
    delete message.error;
    return this.#deliver(message);
  }

  /** The connection is back: send what waited for it, in order. */
  flush() {
    for (const message of this.#messages.values()) if (message.state === "waiting") this.#deliver(message);
  }

  async #deliver(message) {
    message.state = this.socket.connected ? "sending" : "waiting";
    this.changed(message);
    if (message.state === "waiting") return;
    const { id, room, text, image } = message;
    let answer;
    try {
      answer = await this.socket.timeout(ACKNOWLEDGED_WITHIN).emitWithAck("message", { id, room, text, image });
    } catch {
      // no acknowledgement: the connection was lost (flush() follows), or it was too slow (the user decides)
      message.state = this.socket.connected ? "failed" : "waiting";
      this.changed(message);
      return;
    }
    if (answer.error) {
      message.state = "failed";
      message.error = answer.error;
      this.changed(message);
    } else {
      this.#messages.delete(id);
      this.delivered({ ...message, ...answer.message });
    }
  }
}
