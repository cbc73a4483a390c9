"""`plivo-phlo doctor`: checks the settings and the connection to Plivo."""
