"""The inbox: takes what Alertmanager sends by every channel, keeps it, and shows who was told what, when."""
