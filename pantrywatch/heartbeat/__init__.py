"""The dead man's switch: receives Alertmanager's Watchdog on another machine and notifies when it stops arriving."""
