"""Beacons of users' browsers as bounded histograms: `browser_*{source="field"}`; not yet a part of components.yaml."""
