// What the user sees of the connection: the badge with the transport in use, and a banner while it is away.

export function showConnection(socket, { badge, banner, bannerText, rejoin, state }) {
  let timer;

  function say(text, good = false) {
    clearTimeout(timer);
    bannerText.textContent = text;
    banner.classList.toggle("good", good);
    banner.hidden = !text;
    rejoin.hidden = true;
  }

  function showTransport(name) {
    badge.textContent = name ?? "offline";
    badge.dataset.state = name ?? "offline";
  }

  // each connection has its own engine: it starts with polling and upgrades to WebSocket when that works
  socket.io.on("open", () => {
    const engine = socket.io.engine;
    showTransport(engine.transport.name);
    engine.on("upgrade", (transport) => showTransport(transport.name));
  });

  let lost = false;
  socket.on("connect", () => {
    state.textContent = "online";
    say(lost ? "Back online" : "", true);
    if (lost) timer = setTimeout(say, 2_500, "");
    lost = false;
  });

  socket.on("disconnect", (reason) => {
    lost = true;
    showTransport(null);
    state.textContent = "offline";
    if (reason === "io server disconnect") {
      say("An administrator has shown you out.");
      rejoin.hidden = false;
    } else {
      say("The connection is lost. Trying to get it back…");
    }
  });

  socket.on("connect_error", (error) => {
    if (error.data?.login) location.assign(error.data.login);
    else if (!lost) say("The server does not answer. Trying again…");
    lost = true;
  });

  rejoin.addEventListener("click", () => socket.connect());
}
