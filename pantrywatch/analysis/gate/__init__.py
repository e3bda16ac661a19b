"""Whether a deployment made a promise worse: `pantrywatch gate --since MARK`."""
