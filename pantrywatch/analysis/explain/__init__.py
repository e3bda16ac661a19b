"""What Prometheus knows about an alert, for somebody who was woken by it: `pantrywatch explain ALERT`."""
