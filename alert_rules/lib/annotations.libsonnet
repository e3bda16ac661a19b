// What every alert says besides its own words: from its runbook page, and from the recorded deployments.
local first_steps = import '../generated/first_steps.json';

{
  // `runbook`: the page's name. `deployment`: the newest mark (`pantrywatch mark`), empty where there is none.
  of(runbook):: {
    first_step: first_steps[runbook],
    deployment: '{{ with query "topk(1, max by (version) (pantrywatch_deployment_timestamp_seconds))" }}'
                + '{{ . | first | label "version" }}, {{ (. | first | value | toTime).Format "Mon 2 Jan 2006 15:04 MST" }}{{ end }}',
    runbook_url: 'docs/runbooks/' + runbook + '.md',
  },

  // The address of a page of the exporter, empty where there is none: other kinds of checks keep nothing.
  last_failure:: {
    last_failure_url: '{{ with printf "browser_last_failure_timestamp_seconds{instance=%q,check=%q,kind=%q,page!=\'\'}" $labels.instance $labels.check $labels.kind | query }}'
                      + '{{ . | first | label "page" }}{{ end }}',
  },
}
