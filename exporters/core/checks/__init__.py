"""Shared by checks of every kind: settings, one run, counters, and the schedule whose results a scrape reads."""
