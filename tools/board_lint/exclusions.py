"""Findings that are intentional: board (* all), panel (* all), lint → why."""

_ONE_JOB = "a job is a layer here, and recorded series have neither: a board filters by the labels of its layer"
_LOGINS = "counts refused log-ins, which no target covers: the limit is that of the alert"
_BEFORE = "adds what versions before 0.2 recorded as paced5m, until those samples have left Prometheus"
EXCLUSIONS = {
    ("*", "*", "template-job"): _ONE_JOB,
    ("*", "*", "template-instance"): _ONE_JOB,
    ("*", "*", "target-job"): _ONE_JOB,
    ("*", "*", "target-instance"): _ONE_JOB,
    ("crm-api", "Refused logins", "target-limits"): _LOGINS,
    ("crm-api", "Failed logins", "target-limits"): _LOGINS,
    ("crm-targets", "All targets", "stale-timestamp"): "it compares the current month, not an age",
    ("crm-targets", "All targets", "unknown-metric"): _BEFORE,
    ("crm-targets", "Good events by period", "unknown-metric"): _BEFORE,
}
