"""Filling the database of the demo CRM."""
