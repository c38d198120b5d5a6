// Building elements. Text from other people goes through append() and textContent only, so it can never become markup.

/** element("p", {class: "muted", id: "x"}, "text", child): attributes by their names, then children. */
export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

export function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `#icon-${name}`);
  svg.append(use);
  return svg;
}

const HUES = [12, 36, 148, 165, 190, 215, 238, 260, 283, 305, 330, 352]; // without the muddy yellows

/** The colour of a name, as an angle: the same everywhere. */
export function hue(name) {
  let hash = 0x811c9dc5; // FNV-1a
  for (const character of name) hash = Math.imul(hash ^ character.codePointAt(0), 0x01000193) >>> 0;
  return HUES[hash % HUES.length];
}

export function avatar(name) {
  const words = name.split(" ");
  const letters = words.length > 1 ? [words[0], words.at(-1)].map((word) => [...word][0]) : [...name].slice(0, 2);
  const made = element("span", { class: "avatar", "aria-hidden": "true" }, letters.join("").toUpperCase());
  made.style.setProperty("--hue", hue(name));
  return made;
}
