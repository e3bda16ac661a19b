"""The cache exporter; `source.sources` is where it begins (this file stays empty: settings.py is imported alone)."""
