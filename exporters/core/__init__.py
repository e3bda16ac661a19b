"""What every exporter shares; imports nothing of the exporters themselves."""
