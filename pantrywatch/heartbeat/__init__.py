"""The heartbeat: hears Watchdog from Alertmanager, on another machine, and speaks up when it falls silent."""
