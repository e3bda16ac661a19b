// Names of what is recorded of deployments and incidents.
{
  // Whether a critical or high alert fires: 1 or 0.
  incident: 'crm:incident:bool',
  // 1 for a version after whose deployment such an alert began and fired within an hour; no sample otherwise.
  failed: 'crm:deployment_failed:bool',
  // Of 30 days: deployments, the share of them that failed, and the mean time from the first alert to the end of the last.
  deployments: 'crm:deployments:count30d',
  failure_ratio: 'crm:change_failure:ratio30d',
  time_to_restore: 'crm:time_to_restore:seconds30d',
}
