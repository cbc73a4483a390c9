"""The graph of a flow as text for a terminal, and as SVG."""
