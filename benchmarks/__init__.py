"""Benchmarks: geventio beside other Socket.IO servers, under the same load. `python -m benchmarks`; see README.md."""
