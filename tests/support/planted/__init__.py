"""Databases with planted faults, and healthy ones: what `pantrywatch advise` must find, and must not.

`with planted(directory, seed) as seeded:` (`running.py`, seeds 1 to 3) runs a PostgreSQL whose database `seeded.dsn`
has 12 faults, one of each kind, `seeded.truths`; `with healthy(directory, name) as seeded:` (`healthy.py`: demo,
pgbench, crm) one that has none. `openmetrics(seeded.series, now)` is the last day of metrics, for `filled_prometheus`.
`judge(seeded.truths, advice)` compares kind and object of each line of advice with what is planted.
"""
