"""`plivo-phlo listen`: prints the webhook events of a PHLO."""
