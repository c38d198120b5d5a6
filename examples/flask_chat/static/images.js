// Images: made small enough before they are sent, shown through blob: URLs when they arrive.

const ACCEPTED = new Set(["image/png", "image/jpeg", "image/gif", "image/webp"]);

/** The image as it is, where the server takes it so; otherwise redrawn as a JPEG of at most *limit* bytes. */
export async function fit(file, limit) {
  if (ACCEPTED.has(file.type) && file.size <= limit) return file;
  const bitmap = await createImageBitmap(file).catch(() => {
    throw new Error("This is not an image that the browser can read.");
  });
  for (const side of [1600, 1100, 700]) {
    const scale = Math.min(1, side / Math.max(bitmap.width, bitmap.height));
    const canvas = document.createElement("canvas");
    canvas.width = Math.max(1, Math.round(bitmap.width * scale));
    canvas.height = Math.max(1, Math.round(bitmap.height * scale));
    canvas.getContext("2d").drawImage(bitmap, 0, 0, canvas.width, canvas.height);
    const small = await new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", 0.85));
    if (small && small.size <= limit) return small;
  }
  throw new Error("This image is too large.");
}

/** The images of the messages on the page, by message id; those of older messages are asked for when first shown. */
export class Images {
  #urls = new Map();

  constructor(fetchImage) {
    this.fetchImage = fetchImage; // async (id) => ArrayBuffer
  }

  url(message) {
    if (!this.#urls.has(message.id)) {
      const asked = this.#load(message);
      this.#urls.set(message.id, asked);
      asked.catch(() => this.#urls.delete(message.id)); // ask again next time
    }
    return this.#urls.get(message.id);
  }

  async #load(message) {
    const bytes = message.image ?? (await this.fetchImage(message.id));
    return URL.createObjectURL(new Blob([bytes], { type: message.image_type }));
  }

  /** Give the memory back when a message has left the page. */
  release(id) {
    this.#urls.get(id)?.then(URL.revokeObjectURL, () => {});
    this.#urls.delete(id);
  }
}
