"""What each of Plivo's official SDKs puts on the wire."""
