"""The engine: sessions over HTTP long-polling and WebSocket (Engine.IO). It serves alone or under Socket.IO."""
