"""Metrics, tables, figures, the HTML page and the trace file."""
