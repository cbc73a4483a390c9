"""The fault lab: a server that knows what really happened, and a client that has to say it."""
