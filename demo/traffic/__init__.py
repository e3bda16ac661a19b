"""Simulated sales staff at work on the demo CRM."""
