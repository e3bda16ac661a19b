"""Fills the database of the demo CRM."""
