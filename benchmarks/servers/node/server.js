// Node.js socket.io, as its documentation sets it up. Compression over HTTP off, as everywhere here; on WebSocket it is
// off by default. `node --expose-gc server.js PORT`; SIGUSR2 collects garbage, for the reading of memory.
"use strict";
const { createServer } = require("http");
const { Server } = require("socket.io");

const http = createServer();
const io = new Server(http, { httpCompression: false });

io.on("connection", (socket) => {
  socket.on("echo", (payload) => socket.emit("echo", payload));
  socket.on("broadcast", (payload) => io.emit("broadcast", payload));
});

process.on("SIGUSR2", () => global.gc());
http.listen(Number(process.argv[2]), "127.0.0.1");
