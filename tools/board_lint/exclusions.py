"""Findings that are as they should be: board (* all), panel (* all), lint → why."""

_ONE_JOB = "a job is a layer here, and recorded series have neither: a board narrows by what its layer has"
_LOGINS = "counts refused log-ins, of which no target speaks: the limit is that of the alert"
EXCLUSIONS = {
    ("*", "*", "template-job"): _ONE_JOB,
    ("*", "*", "template-instance"): _ONE_JOB,
    ("*", "*", "target-job"): _ONE_JOB,
    ("*", "*", "target-instance"): _ONE_JOB,
    ("crm-api", "Refused logins", "target-limits"): _LOGINS,
    ("crm-api", "Failed logins", "target-limits"): _LOGINS,
    ("crm-targets", "All targets", "stale-timestamp"): "the month of now is compared, not how long ago",
}
