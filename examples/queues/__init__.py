"""Queues and several hosts: each program performs an action once, whoever delivers it twice."""
