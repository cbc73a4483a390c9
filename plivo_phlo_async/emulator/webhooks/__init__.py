"""Webhooks: which events a call yields, and how they are signed and delivered."""
