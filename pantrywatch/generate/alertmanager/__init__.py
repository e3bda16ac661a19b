"""From settings.yaml to Alertmanager's configuration: routes, receivers, inhibition, times."""
