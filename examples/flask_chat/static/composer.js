// Where a message is written: text, an image by button, paste or drop, and the keys.

import { fit } from "./images.js";

export class Composer {
  #image = null; // Blob

  constructor({ form, text, file, preview, limit, send, writing }) {
    Object.assign(this, { form, text, file, preview, limit, send, writing });
    this.problem = form.querySelector("#problem");
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#submit();
    });
    text.addEventListener("keydown", (event) => {
      // isComposing: Enter chooses a word in an input method for Chinese or Japanese
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      form.requestSubmit();
    });
    text.addEventListener("input", () => (text.value.trim() ? writing.started() : writing.stopped()));
    text.addEventListener("paste", (event) => this.#attachFirst(event.clipboardData.files, event));
    file.addEventListener("change", () => {
      this.#attachFirst(file.files);
      file.value = ""; // the same file can be chosen again
    });
    form.querySelector("#unattach").addEventListener("click", () => this.#show(null));
    const area = form.closest("main");
    area.addEventListener("dragover", (event) => {
      event.preventDefault();
      form.classList.add("dropping");
    });
    area.addEventListener("dragleave", () => form.classList.remove("dropping"));
    area.addEventListener("drop", (event) => {
      event.preventDefault();
      form.classList.remove("dropping");
      this.#attachFirst(event.dataTransfer.files);
    });
  }

  #attachFirst(files, event) {
    const image = [...files].find((file) => file.type.startsWith("image/"));
    if (!image) return;
    event?.preventDefault();
    this.#attach(image);
  }

  async #attach(file) {
    try {
      this.#show(await fit(file, this.limit));
    } catch (error) {
      this.#complain(error.message);
    }
  }

  #show(image) {
    this.#complain("");
    const picture = this.preview.querySelector("img");
    URL.revokeObjectURL(picture.src);
    picture.removeAttribute("src");
    this.#image = image;
    this.preview.hidden = !image;
    if (!image) return;
    picture.src = URL.createObjectURL(image);
    this.preview.querySelector(".muted").textContent = `${Math.ceil(image.size / 1000)} kB`;
    this.text.focus();
  }

  #complain(problem) {
    this.problem.textContent = problem;
    this.problem.hidden = !problem;
  }

  async #submit() {
    const text = this.text.value.trim();
    const image = this.#image;
    if (!text && !image) return;
    this.text.value = "";
    this.#show(null);
    this.writing.stopped();
    this.send(text, image && (await image.arrayBuffer()), image?.type ?? null);
    this.text.focus();
  }
}
