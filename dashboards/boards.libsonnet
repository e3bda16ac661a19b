// Every board, by the folder of Grafana it stands in: a board that is not here is not built.
{
  Backend: [
    import 'crm-api.jsonnet',
    import 'crm-cache.jsonnet',
  ],
  Business: [
    import 'crm-business.jsonnet',
  ],
  Frontend: [
    import 'crm-frontend.jsonnet',
  ],
  Infrastructure: [
    import 'crm-database.jsonnet',
    import 'crm-infrastructure.jsonnet',
    import 'crm-synthetic.jsonnet',
  ],
  Monitoring: [
    import 'crm-monitoring.jsonnet',
  ],
  Overview: [
    import 'crm-overview.jsonnet',
    import 'crm-targets.jsonnet',
    import 'crm-slo.jsonnet',
    import 'crm-capacity.jsonnet',
  ],
}
