"""How a request reaches the server, and what happens when it does not."""
