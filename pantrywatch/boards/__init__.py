"""`./run boards`: a page that draws the generated boards from a running Prometheus, where no Grafana is at hand."""
