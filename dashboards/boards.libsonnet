// Every board, by the folder of Grafana it stands in: a board that is not here is not built.
function(config=(import '../alert_rules/config.libsonnet').defaults)
  {
    Backend: [
      (import 'crm-api.jsonnet')(config),
      (import 'crm-cache.jsonnet')(config),
    ],
    Business: [
      (import 'crm-business.jsonnet')(config),
    ],
    Frontend: [
      (import 'crm-frontend.jsonnet')(config),
    ],
    Infrastructure: [
      (import 'crm-database.jsonnet')(config),
      (import 'crm-infrastructure.jsonnet')(config),
      (import 'crm-synthetic.jsonnet')(config),
    ],
    Monitoring: [
      (import 'crm-monitoring.jsonnet')(config),
    ],
    Overview: [
      (import 'crm-overview.jsonnet')(config),
      (import 'crm-targets.jsonnet')(config),
      (import 'crm-slo.jsonnet')(config),
      (import 'crm-capacity.jsonnet')(config),
    ],
  }
