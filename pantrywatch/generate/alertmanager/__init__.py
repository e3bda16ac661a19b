"""Alertmanager's configuration from settings.yaml: routes, receivers, inhibition, time intervals."""
