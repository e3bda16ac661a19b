"""Errors of PostgreSQL by class of SQLSTATE, counted from the server's own log."""
