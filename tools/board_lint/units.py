"""The units our boards use, of Grafana's list, and what each says."""

UNITS = {
    "none": "a number as it is: counts of few things, states, factors",
    "short": "a large count, with K and Mil",
    "percentunit": "a share from 0 to 1, shown in percent; shares from 0 to 100 there are none",
    "s": "seconds, shown in what fits, as every metric of time is",
    "µs": "microseconds: on the axis of a heat map of Redis' own histogram, whose edges they are",
    "bytes": "bytes, 1024 to a KiB",
    "Bps": "bytes a second",
    "reqps": "requests a second",
    "reqpm": "requests a minute, the unit of the documented throughput",
    "ops": "operations a second, of whatever is no request",
    "dateTimeFromNow": "a point in time in milliseconds, shown as how long ago",
}
