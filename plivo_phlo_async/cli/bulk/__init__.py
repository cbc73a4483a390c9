"""`plivo-phlo bulk`: runs a file of actions."""
