"""Beacons of users' browsers as bounded histograms: `browser_*{source="field"}`."""
