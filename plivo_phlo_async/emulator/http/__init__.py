"""The HTTP side: Plivo's endpoints as requests, parameters and responses, over ASGI."""
