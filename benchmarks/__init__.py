"""Measurements against others, to be run by hand."""
