"""Several workers that share who is on a call, through a real Redis."""
