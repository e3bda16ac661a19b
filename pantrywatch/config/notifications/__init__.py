"""The `notifications` section of settings.yaml: who is notified of what, how, and when."""
