"""Socket.IO: server, namespaces, sockets, rooms, broadcasts and acknowledgements, above the engine."""
