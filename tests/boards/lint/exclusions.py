"""Findings that are as they should be: board (* all), panel (* all), lint → why."""

_ONE_JOB = "a job is a layer here, and recorded series have neither: a board narrows by what its layer has"
EXCLUSIONS = {
    ("*", "*", "template-job"): _ONE_JOB,
    ("*", "*", "template-instance"): _ONE_JOB,
    ("*", "*", "target-job"): _ONE_JOB,
    ("*", "*", "target-instance"): _ONE_JOB,
}
