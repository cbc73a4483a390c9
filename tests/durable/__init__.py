"""Durable actions as a model: the protocol, and random worlds that run on it."""
