"""The inbox: receives Alertmanager's messages by every channel, and shows who was notified of what, and when."""
