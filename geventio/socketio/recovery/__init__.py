"""Connection state recovery: who comes back soon has id, rooms and data again, and gets what it missed."""
