"""Pages opened in a real browser: lab data."""
