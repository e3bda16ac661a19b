"""What checks of every kind share: settings, one run, counters, and the schedule that a scrape reads from."""
