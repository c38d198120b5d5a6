"""geventio against real peers: official clients, real WSGI servers, and the protocols' own cases over raw sockets."""
