"""The scheduler: what is due once a day; it keeps what was measured of each target longer than Prometheus does."""
