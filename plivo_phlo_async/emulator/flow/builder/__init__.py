"""PHLOs in Python: states and variables are attributes, checked as they are written."""
