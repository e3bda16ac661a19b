"""`./run boards`: a page that draws the generated boards from a running Prometheus, for use without Grafana."""
