"""The tests: a folder for each floor of the package, and `peers` for all of it against real clients and servers."""
