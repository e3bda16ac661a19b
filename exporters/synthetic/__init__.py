"""The synthetic exporter; its entry point is `source.sources` (empty here: settings.py is imported alone)."""
