"""The dashboard: the calls, the requests and the events, as plain data for a page."""
