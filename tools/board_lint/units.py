"""The units our boards use, from Grafana's list, with their meaning."""

UNITS = {
    "none": "a plain number: small counts, states, factors",
    "short": "a large count, with K and Mil",
    "percentunit": "a share from 0 to 1, shown in percent; there are no shares from 0 to 100",
    "s": "seconds, the unit of every time metric, shown in a fitting unit",
    "µs": "microseconds: on the axis of a heat map of Redis' own histogram, the unit of its edges",
    "bytes": "bytes, 1024 to a KiB",
    "Bps": "bytes per second",
    "reqps": "requests per second",
    "reqpm": "requests per minute, the unit of the documented throughput",
    "ops": "operations per second, for anything other than requests",
    "dateTimeFromNow": "a time in milliseconds, shown as its age",
}
