"""Logs that other programs write: followed through rotation, with their offsets and counters saved together."""
