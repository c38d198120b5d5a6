// The chat's page: one socket, several rooms. The other files show things; this one connects them to the events.

import { io } from "/socket.io/socket.io.esm.min.js";
import { Composer } from "./composer.js";
import { showConnection } from "./connection.js";
import { Conversation } from "./conversation.js";
import { avatar } from "./elements.js";
import { Images } from "./images.js";
import { Outbox } from "./outbox.js";
import { People, Writers, Writing } from "./people.js";

const KEPT = 200; // messages and notices of a room that stay on the page
const $ = (id) => document.getElementById(id);
const me = document.body.dataset.name;
const limits = JSON.parse(document.body.dataset.limits);
const seen = JSON.parse(localStorage.getItem(`seen ${me}`) ?? "{}"); // room → serial of the last message that was read

// The default is polling first, then WebSocket; "/?transport=polling" or "=websocket" keeps to one, to try it.
const only = new URLSearchParams(location.search).get("transport");
const socket = io({ reconnectionDelayMax: 3_000, ...(only && { transports: [only] }) });

const rooms = new Map(); // name → {serial, items: Map(id → message or notice), button}
for (const button of document.querySelectorAll(".room-button")) {
  rooms.set(button.dataset.room, { serial: 0, items: new Map(), button });
  button.addEventListener("click", () => (location.hash = button.dataset.room));
}
let current = null;

async function fetchImage(id) {
  const answer = await socket.timeout(10_000).emitWithAck("image", id);
  if (answer.error) throw new Error(answer.error);
  return answer.image;
}

const images = new Images(fetchImage);
const people = new People({ list: $("people"), count: $("online-count"), me });
const writers = new Writers($("typing"));
const writing = new Writing(socket);
const outbox = new Outbox(socket, {
  changed: (message) => message.room === current && render(),
  delivered: (message) => keep(message),
});
const conversation = new Conversation({
  log: $("log"), scroller: $("scroller"), newest: $("newest"), lightbox: $("lightbox"), me, images,
  retry: (message) => outbox.retry(message),
});
new Composer({
  form: $("composer"), text: $("text"), file: $("file"), preview: $("preview"), limit: limits.image, writing,
  send(text, image, image_type) {
    conversation.scrollToEnd();
    const time = Date.now() / 1000;
    outbox.send({ id: newId(), room: current, name: me, time, text, image, image_type });
  },
});
showConnection(socket, {
  badge: $("transport"), banner: $("banner"), bannerText: $("banner-text"), rejoin: $("rejoin"), state: $("my-state"),
});
$("my-avatar").replaceWith(avatar(me));

// What the server says -----------------------------------------------------------------------------------------------

socket.on("welcome", ({ rooms: known, online }) => {
  for (const { name, serial } of known) {
    rooms.get(name).serial = serial;
    // nothing is unread at the first visit; and a server that lost its messages starts to count anew
    if (!(seen[name] <= serial)) seen[name] = serial;
  }
  people.reset(online);
  showRoom(); // after a reconnection too: what was said meanwhile comes with the room's history
  outbox.flush();
});

socket.on("message", (message) => {
  writers.update(message.name, false);
  if (message.room === current && !conversation.atEnd) $("newest").hidden = false;
  keep(message);
});

socket.on("activity", (name, serial) => {
  rooms.get(name).serial = serial;
  renderRooms();
});

socket.on("presence", (name, open) => {
  const change = people.update(name, open, current);
  if (!open?.includes(current)) writers.update(name, false);
  if (change && name !== me) note(`${name} ${change}`);
  people.render(current);
});

socket.on("typing", (name, is) => name !== me && writers.update(name, is));

socket.on("announcement", ({ text }) => {
  $("announcement-text").textContent = text;
  $("announcement").hidden = false;
});

socket.on("disconnect", () => writers.clear());

// What the page does --------------------------------------------------------------------------------------------------

async function showRoom() {
  const name = rooms.has(location.hash.slice(1)) ? location.hash.slice(1) : rooms.keys().next().value;
  if (name !== current) {
    writing.stopped();
    writers.clear();
    conversation.clear();
    current = name;
    closeDrawer();
    $("room-name").textContent = name;
    $("topic").textContent = rooms.get(name).button.dataset.topic;
  }
  render();
  if (!socket.connected) return; // "welcome" comes back here
  const answer = await socket.timeout(10_000).emitWithAck("join", name).catch(() => null);
  if (!answer?.messages) return;
  const { items } = rooms.get(name);
  for (const message of answer.messages) items.set(message.id, { ...items.get(message.id), ...message });
  rooms.get(name).serial = Math.max(rooms.get(name).serial, answer.messages.at(-1)?.serial ?? 0);
  if (name === current) render();
}

/** A message of any room: put into its place, once, whatever way and however often it came. */
function keep(message) {
  const room = rooms.get(message.room);
  room.items.set(message.id, { ...room.items.get(message.id), ...message });
  room.serial = Math.max(room.serial, message.serial);
  if (message.room === current) render();
  else renderRooms();
}

/** "Ada joined": one line, the last one gives way when nothing was said since. */
function note(text) {
  const { items, serial } = rooms.get(current);
  const last = [...items.values()].at(-1);
  if (last?.notice) items.delete(last.id);
  const id = newId();
  items.set(id, { id, notice: text, serial: serial + 0.5, time: Date.now() / 1000 });
  render();
}

function render() {
  const room = rooms.get(current);
  for (const id of room.items.keys()) {
    if (room.items.size <= KEPT) break;
    room.items.delete(id);
    images.release(id);
  }
  conversation.render([...room.items.values(), ...outbox.in(current)]);
  people.render(current);
  renderRooms();
}

function renderRooms() {
  if (!document.hidden && current) seen[current] = rooms.get(current).serial;
  localStorage.setItem(`seen ${me}`, JSON.stringify(seen));
  let total = 0;
  for (const [name, { button, serial }] of rooms) {
    const unread = Math.max(0, serial - (seen[name] ?? serial));
    total += unread;
    button.toggleAttribute("aria-current", name === current);
    button.classList.toggle("has-unread", unread > 0);
    const bubble = button.querySelector(".unread");
    bubble.hidden = !unread;
    bubble.textContent = unread > 99 ? "99+" : unread;
    bubble.setAttribute("aria-label", `${unread} unread`);
  }
  $("menu-dot").hidden = total === 0;
  document.title = `${total ? `(${total}) ` : ""}# ${current ?? ""} · Chat`;
}

/** A UUID. crypto.randomUUID() is for secure contexts only, and this page may be tried on http://192.168.… */
function newId() {
  const hex = Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0"));
  return hex.join("").replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

// The drawer of narrow screens ---------------------------------------------------------------------------------------

function openDrawer() {
  $("side").classList.add("open");
  $("menu").setAttribute("aria-expanded", "true");
  $("room").inert = true;
  document.querySelector(".room-button[aria-current]")?.focus();
}

function closeDrawer() {
  if (!$("side").classList.contains("open")) return;
  $("side").classList.remove("open");
  $("menu").setAttribute("aria-expanded", "false");
  $("room").inert = false;
  $("menu").focus();
}

$("menu").addEventListener("click", openDrawer);
$("scrim").addEventListener("click", closeDrawer);
addEventListener("keydown", (event) => event.key === "Escape" && closeDrawer());
$("dismiss").addEventListener("click", () => ($("announcement").hidden = true));
addEventListener("hashchange", showRoom);
document.addEventListener("visibilitychange", renderRooms);
showRoom();
