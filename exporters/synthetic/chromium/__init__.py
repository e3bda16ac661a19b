"""Chromium for checks of the kind `browser`: its process, its protocol, and one page load with all that it shows."""
