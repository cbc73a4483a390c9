"""The calls: a state machine over plain values, which knows no HTTP."""
