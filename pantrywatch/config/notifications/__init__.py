"""The `notifications` section of settings.yaml: who is told of what, how, and when."""
