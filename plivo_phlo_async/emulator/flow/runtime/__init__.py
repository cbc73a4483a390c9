"""What surrounds the engine: timers, phones, messages, HTTP requests, webhooks and conferences."""
