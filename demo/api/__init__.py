"""The HTTP API of the demo CRM and its browser page."""
