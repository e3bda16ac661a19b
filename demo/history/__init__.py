"""A made-up past of a CRM, from a seed.

For whoever builds detectors: pure functions of a seed and the time at which it ends; no file, no clock.
`golden.history` gives signals of each layer over weeks, `injection.inject` puts unusual hours into them and lists them,
`resources.resources` gives what fills up (or only seems to), with the truth about when it is full.

`fill` writes a past of the demo into its Prometheus for `./run up --history`: `promises` (the events of each target),
`recorded` (what the rules would have recorded of them), `raw` (the series they are counted from, for the last 6 hours),
`baselines` (what is normal for an hour), `machine` and `business`, `fills_up` (what is in use of the machine, by day).
`blocks` turns series into blocks.

Modeled: office hours with a lunch dip, quiet nights and weekends; growth a week; days that are busier than others and
hours that wander, with noise that remembers (an Ornstein-Uhlenbeck process, so that it means the same at each step);
counts as Poisson numbers, so that a quiet night has few events and a share of few events is rough; one public holiday;
deployments that shift a level for good; incidents of the kinds that the demo's faults have. Signals share their
activity: a busy hour is busy in each of them.

Not modeled: daylight saving and time zones (all times are UTC), month ends, campaigns, a customer who leaves, attacks,
failed scrapes and gaps, more than one holiday, resets of counters. Growth is exponential and never ends; noise is
normal or Poisson without heavy tails, so that a real system has more outliers than this one.
"""
