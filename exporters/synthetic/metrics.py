"""The metrics of what the last run of each check saw.

`probe_*` has blackbox_exporter's names, types and meaning. That exporter has one page a target, and the target in the
label `instance`; here one page holds all checks, so each family has the labels `check`, `kind` and `target` (the
documented target a check feeds, which may be empty), the same everywhere so that they join without effort.
"""

from __future__ import annotations

from collections.abc import Iterable

from exporters.core.errors import ErrorClass
from exporters.core.exposition import Family
from exporters.synthetic.attempt import Result
from exporters.synthetic.kinds import AnyCheck

LABELS = ("check", "kind", "target")

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
    "browser_tbt_seconds": (
        ("source", "network"),
        "Total blocking time of the last page load: what its tasks took beyond 50 ms each, before it was interactive.",
    ),
    "browser_page_requests": (("resource",), "Requests of the last page load, by what they fetched."),
    "browser_page_transferred_bytes": (("resource",), "Bytes the last page load brought over the network."),
    "browser_page_failed_requests": ((), "Requests of the last page load that got no answer."),
    "browser_page_script_errors": ((), "Errors of scripts that nobody caught in the last page load."),
    "pantrywatch_check_phase_seconds": (("phase",), "Time of each phase of the last run, of checks of every kind."),
    "pantrywatch_check_step_success": (
        ("step",),
        "Whether a step of the last journey passed (1) or not (0); no sample for one that was not reached.",
    ),
    "pantrywatch_check_step_duration_seconds": (("step",), "Time of each step of the last journey."),
    "pantrywatch_check_error": (
        ("class",),
        "1 for the class of error the last run failed with; no sample if it passed.",
    ),
}

_SINCE = " since navigation began, of page loads; one that did not come while the page was watched is above every edge."
# Name → edges of the buckets, help. The edges are those of targets.yaml, `histograms`; so are the labels `source` (lab:
# our browser, field: the users') and `network` (the profile that a check slows down to).
HISTOGRAMS: dict[str, tuple[tuple[float, ...], str]] = {
    "browser_ttfb_seconds": ((0.05, 0.1, 0.2, 0.4, 0.8, 1.2, 1.8, 3.0), "Time to the first byte of page loads."),
    "browser_fcp_seconds": ((0.4, 0.8, 1.2, 1.8, 2.4, 3.0, 5.0, 8.0), f"First contentful paint{_SINCE}"),
    "browser_lcp_seconds": ((0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 6.0, 10.0), f"Largest contentful paint{_SINCE}"),
    "browser_cls_score": ((0.01, 0.025, 0.05, 0.1, 0.15, 0.25, 0.5, 1.0), "Cumulative layout shift of page loads."),
    "browser_tti_seconds": ((1.0, 2.0, 3.0, 3.5, 4.0, 5.0, 7.3, 15.0), f"Time to interactive{_SINCE}"),
    "browser_page_load_seconds": ((0.5, 1.0, 2.0, 3.0, 4.0, 6.0, 10.0, 20.0), f"End of the load event{_SINCE}"),
}
HISTOGRAM_LABELS = ("source", "network")


def histograms_of(settings: AnyCheck) -> list[tuple[str, tuple[str, ...]]]:
    """Return name and own labels of the histograms that a check fills."""
    if settings.kind != "browser":
        return []
    # Chromium does not slow down the first byte as the page sees it.
    names = [name for name in HISTOGRAMS if settings.network == "none" or name != "browser_ttfb_seconds"]
    return [(name, ("lab", settings.network)) for name in names]


def check_labels(settings: AnyCheck) -> tuple[str, str, str]:
    """Return the values of LABELS."""
    return settings.name, settings.kind, settings.target


def last_runs(results: Iterable[tuple[tuple[str, str, str], Result]]) -> list[Family]:
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
    }
    if result.error_class is not ErrorClass.INTERNAL:
        samples["probe_success", ()] = int(result.error_class is None)
    if result.error_class:
        samples["pantrywatch_check_error", (result.error_class.value,)] = 1
    for phase, seconds in result.phases.items():
        samples["pantrywatch_check_phase_seconds", (phase,)] = seconds
    return samples | dict(result.gauges)
