"""The demo CRM: something real to watch. Nothing outside this package imports it."""
