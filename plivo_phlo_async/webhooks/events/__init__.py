"""Typed webhook events: one class per component of a PHLO, and the parser that makes them.

https://docs.plivo.com/docs/phlo/components-library

The public names are exported by `plivo_phlo_async.webhooks`.
"""
