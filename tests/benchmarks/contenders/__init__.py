"""The tap's peers: each file is a program of its own, called with the API's address."""
