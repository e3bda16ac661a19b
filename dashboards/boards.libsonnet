// Every board, by the folder of Grafana it stands in: a board that is not here is not built.
{
  Monitoring: [
    import 'crm-monitoring.jsonnet',
  ],
}
