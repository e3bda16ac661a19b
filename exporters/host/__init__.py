"""The host exporter; its entry point is `source.sources` (this file stays empty: settings.py is imported alone)."""
