"""The metrics of checks: what the last run saw, and counters so that availability is a sum and not a sample.

`probe_*` has blackbox_exporter's names, types and meaning. That exporter has one page a target, and the target in the
label `instance`; here one page holds all checks, so each family has the labels `check`, `kind` and `target` (the
documented target a check feeds, which may be empty), the same everywhere so that they join without effort.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from prometheus_client import CollectorRegistry, Counter, Histogram

from exporters.core.errors import ErrorClass
from exporters.core.exposition import Family
from exporters.synthetic.attempt import Result
from exporters.synthetic.kinds import AnyCheck

LABELS = ("check", "kind", "target")

# Edges in seconds; those of the documented targets (0.1, 0.2, 0.5, 1, 2, 3) are among them.
_EDGES = (0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 3.0, 5.0, 10.0, 30.0)

# Name → labels of its own, help.
_GAUGES: dict[str, tuple[tuple[str, ...], str]] = {
    "probe_success": ((), "Whether the last run of the check passed (1) or not (0)."),
    "probe_duration_seconds": ((), "Time the last run took."),
    "probe_dns_lookup_time_seconds": ((), "Time to resolve the host names, by the system's resolver."),
    "probe_ip_protocol": ((), "4 or 6: the IP protocol of the address used."),
    "probe_ip_addr_hash": ((), "Hash of the address used: shows when it changes."),
    "probe_failed_due_to_regex": ((), "Whether the run failed because the answer does not match the pattern (1)."),
    "probe_http_status_code": ((), "Status of the last response, redirects followed."),
    "probe_http_duration_seconds": (("phase",), "Time of each phase of the HTTP request, summed over redirects."),
    "probe_http_content_length": ((), "Length that the response announced in bytes; -1 where it announced none."),
    "probe_http_uncompressed_body_length": ((), "Bytes of the body that were read, at most 1048576."),
    "probe_http_redirects": ((), "Redirects followed."),
    "probe_http_ssl": ((), "Whether the last response came over TLS (1) or not (0)."),
    "probe_http_version": ((), "HTTP version of the response, such as 1.1."),
    "probe_ssl_earliest_cert_expiry": ((), "When the first certificate ends of those the server sent, Unix time."),
    "probe_ssl_last_chain_expiry_timestamp_seconds": ((), "When the verified certificate chain ends, Unix time."),
    "probe_tls_version_info": (("version",), "1, with the TLS version used."),
    "probe_dns_duration_seconds": (("phase",), "Time of each phase of the DNS question."),
    "probe_dns_query_succeeded": ((), "Whether the name server answered (1) or not (0), whatever the answer."),
    "probe_dns_answer_rrs": ((), "Records in the answer section."),
    "probe_dns_authority_rrs": ((), "Records in the authority section."),
    "probe_dns_additional_rrs": ((), "Records in the additional section."),
    "probe_dns_serial": ((), "Serial number of the zone, from the SOA record."),
    "pantrywatch_check_phase_seconds": (("phase",), "Time of each phase of the last run, of checks of every kind."),
    "pantrywatch_check_error": (
        ("class",),
        "1 for the class of error the last run failed with; no sample if it passed.",
    ),
    "pantrywatch_check_last_run_timestamp_seconds": ((), "When the check last ended a run, Unix time."),
}


class Counters:
    """What adds up over the runs; every series is there from the start, at 0."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._runs = Counter(
            "pantrywatch_check_runs", "Runs of the check that ended, by result.", (*LABELS, "result"), registry=registry
        )
        self._failures = Counter(
            "pantrywatch_check_failures", "Runs that failed, by class of error.", (*LABELS, "class"), registry=registry
        )
        self._skipped = Counter(
            "pantrywatch_check_skipped",
            "Turns at which the check did not run: the run before had not ended (overrun) or we failed (internal).",
            (*LABELS, "reason"),
            registry=registry,
        )
        self._seconds = Histogram(
            "pantrywatch_check_duration_seconds",
            "Time of the runs that passed; those that failed are in pantrywatch_check_failures_total.",
            LABELS,
            buckets=_EDGES,
            registry=registry,
        )

    def add_check(self, labels: tuple[str, str, str]) -> None:
        """Create the series of a check."""
        for result in ("success", "failure"):
            self._runs.labels(*labels, result)
        for error_class in ErrorClass:
            if error_class is not ErrorClass.INTERNAL:
                self._failures.labels(*labels, error_class.value)
        for reason in ("overrun", "internal"):
            self._skipped.labels(*labels, reason)
        self._seconds.labels(*labels)

    def count(self, labels: tuple[str, str, str], result: Result) -> None:
        """Count a run that ended; a defect of ours says nothing of the target: as if the check had not run."""
        if result.error_class is ErrorClass.INTERNAL:
            self.skip(labels, "internal")
        elif result.error_class:
            self._runs.labels(*labels, "failure").inc()
            self._failures.labels(*labels, result.error_class.value).inc()
        else:
            self._runs.labels(*labels, "success").inc()
            self._seconds.labels(*labels).observe(result.seconds)

    def skip(self, labels: tuple[str, str, str], reason: Literal["overrun", "internal"]) -> None:
        """Count a turn at which the check did not run."""
        self._skipped.labels(*labels, reason).inc()


def check_labels(settings: AnyCheck) -> tuple[str, str, str]:
    """Return the values of LABELS."""
    return settings.name, settings.kind, settings.target


def families(results: Iterable[tuple[tuple[str, str, str], Result]]) -> list[Family]:
    """Return what the last runs saw; a value that a run did not see has no sample."""
    found: dict[str, Family] = {}
    for labels, result in results:
        for (name, own), value in _samples(result).items():
            if name not in found:
                own_names, text = _GAUGES[name]
                found[name] = Family(name, "gauge", text, (*LABELS, *own_names))
            found[name].add(value, *labels, *own)
    return [found[name] for name in _GAUGES if name in found]


def _samples(result: Result) -> dict[tuple[str, tuple[str, ...]], float]:
    samples: dict[tuple[str, tuple[str, ...]], float] = {
        ("probe_duration_seconds", ()): result.seconds,
        ("pantrywatch_check_last_run_timestamp_seconds", ()): result.timestamp_seconds,
    }
    if result.error_class is not ErrorClass.INTERNAL:
        samples["probe_success", ()] = int(result.error_class is None)
    if result.error_class:
        samples["pantrywatch_check_error", (result.error_class.value,)] = 1
    for phase, seconds in result.phases.items():
        samples["pantrywatch_check_phase_seconds", (phase,)] = seconds
    return samples | dict(result.gauges)
