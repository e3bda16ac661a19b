"""Advice from what a database and the last day of metrics show: `pantrywatch advise`."""
