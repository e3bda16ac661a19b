// Every board, by the folder of Grafana it stands in: a board that is not here is not built.
{
  Infrastructure: [
    import 'crm-database.jsonnet',
  ],
  Monitoring: [
    import 'crm-monitoring.jsonnet',
  ],
}
