"""What is made of a running Prometheus' answers: explanations, verdicts, reports, comparisons."""
