// The administration's page: its own namespace, "/admin", entered with a token.

import { io } from "/socket.io/socket.io.esm.min.js";
import { avatar, element } from "./elements.js";

const $ = (id) => document.getElementById(id);
let socket = null;
let started = Date.now() / 1000;

function enter(token) {
  socket?.disconnect();
  socket = io("/admin", { auth: { token }, forceNew: true });

  socket.on("connect", () => {
    sessionStorage.setItem("token", token); // for a reload of this tab; gone when the tab is closed
    $("refusal").hidden = true;
    show(true);
    $("state").textContent = "connected";
    $("state").dataset.state = "websocket";
  });

  socket.on("connect_error", (error) => {
    if (socket.active) return showState("reconnecting"); // the server is away: the client tries again by itself
    sessionStorage.removeItem("token");
    $("refusal").textContent = `The server refused: ${error.message}`;
    $("refusal").hidden = false;
    show(false);
    $("token").select();
  });

  socket.on("disconnect", () => showState("offline"));
  socket.on("state", render);
}

function show(inside) {
  $("entrance").hidden = inside;
  $("dashboard").hidden = !inside;
}

function showState(state) {
  $("state").textContent = state;
  $("state").dataset.state = state;
}

function render(state) {
  started = state.started;
  const names = Object.keys(state.online).sort((a, b) => a.localeCompare(b));
  $("people-count").textContent = names.length;
  $("connections").textContent = state.connections;
  $("messages").textContent = state.rooms.reduce((sum, room) => sum + room.messages, 0);
  $("rooms").replaceChildren(
    ...state.rooms.map(({ name, messages, people }) => {
      const faces = element("div", { class: "faces" }, ...people.slice(0, 8).map(avatar));
      faces.title = people.join(", ");
      const words = `${messages} ${messages === 1 ? "message" : "messages"}, ${people.length} here`;
      return element("li", {}, element("strong", {}, `# ${name}`), element("small", {}, words), faces);
    }),
  );
  $("people").replaceChildren(
    ...names.map((name) => {
      const rooms = state.online[name].map((room) => `# ${room}`).join(", ");
      const who = element("span", { class: "who" }, name, element("small", {}, rooms));
      const button = element("button", { type: "button", class: "quiet", "aria-label": `Kick ${name}` }, "Kick");
      button.addEventListener("click", () => ask("kick", name, () => `${name} was shown out.`));
      return element("li", { "data-name": name }, avatar(name), who, button);
    }),
  );
  if (!names.length) $("people").append(element("li", { class: "muted" }, "Nobody is online."));
  renderUptime();
}

function renderUptime() {
  const seconds = Math.max(0, Math.round(Date.now() / 1000 - started));
  const [days, hours, minutes] = [86_400, 3_600, 60].map((unit) => Math.floor(seconds / unit));
  if (days) $("uptime").textContent = `${days} d ${hours % 24} h`;
  else if (hours) $("uptime").textContent = `${hours} h ${minutes % 60} min`;
  else $("uptime").textContent = minutes ? `${minutes} min` : `${seconds} s`;
}

/** Ask the server to do something; it answers with an acknowledgement, which may hold an error. */
async function ask(event, argument, success) {
  try {
    const answer = await socket.timeout(5_000).emitWithAck(event, argument);
    $("result").textContent = answer.error ?? success(answer);
    return !answer.error;
  } catch {
    $("result").textContent = "The server did not answer.";
    return false;
  }
}

$("token-form").addEventListener("submit", (event) => {
  event.preventDefault();
  enter($("token").value);
});
$("announce").addEventListener("submit", async (event) => {
  event.preventDefault();
  const reached = ({ reached }) => `Announced to ${reached} ${reached === 1 ? "person" : "people"}.`;
  if (await ask("announce", $("announcement").value, reached)) $("announcement").value = "";
});
$("close").addEventListener("click", () => {
  sessionStorage.removeItem("token");
  socket.disconnect();
  $("token").value = "";
  show(false);
});
setInterval(renderUptime, 1_000);
if (sessionStorage.getItem("token")) enter(sessionStorage.getItem("token"));
