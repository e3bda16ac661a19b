"""The synthetic exporter; `source.sources` is where it begins (empty here: settings.py is imported alone)."""
