"""The metrics that a check observes over the network.

`probe_*` has blackbox_exporter's names, types and meaning. That exporter has one page per target, and the target in the
label `instance`; here one page has all checks.
"""

from __future__ import annotations

from exporters.core.checks.check import Gauges, Histograms
from exporters.core.checks.counters import EDGES

GAUGES: Gauges = {
    "probe_dns_lookup_time_seconds": ((), "Time to resolve the host names with the system's resolver."),
    "probe_ip_protocol": ((), "4 or 6: the IP protocol of the address used."),
    "probe_ip_addr_hash": ((), "Hash of the address used: shows when it changes."),
    "probe_failed_due_to_regex": ((), "Whether the run failed because the answer does not match the pattern (1)."),
    "probe_http_status_code": ((), "Status of the last response after redirects."),
    "probe_http_duration_seconds": (("phase",), "Time of each phase of the HTTP request, summed over redirects."),
    "probe_http_content_length": ((), "Length in bytes that the response announced; -1 if it announced none."),
    "probe_http_uncompressed_body_length": ((), "Size of the decoded body in bytes, at most 1048576."),
    "probe_http_last_modified_timestamp_seconds": ((), "When the response says it was last modified, Unix time."),
    "probe_http_redirects": ((), "Redirects followed."),
    "probe_http_ssl": ((), "Whether the last response came over TLS (1) or not (0)."),
    "probe_http_version": ((), "HTTP version of the response, such as 1.1."),
    "probe_ssl_earliest_cert_expiry": ((), "Earliest expiry of the certificates that the server sent, Unix time."),
    "probe_ssl_last_chain_expiry_timestamp_seconds": ((), "Expiry of the verified certificate chain, Unix time."),
    "probe_tls_version_info": (("version",), "1, with the TLS version used."),
    "probe_dns_duration_seconds": (("phase",), "Time of each phase of the DNS query."),
    "probe_dns_query_succeeded": ((), "Whether the name server answered (1) or not (0), whatever the answer."),
    "probe_dns_answer_rrs": ((), "Records in the answer section."),
    "probe_dns_authority_rrs": ((), "Records in the authority section."),
    "probe_dns_additional_rrs": ((), "Records in the additional section."),
    "probe_dns_serial": ((), "Serial number of the zone, from the SOA record."),
    "pantrywatch_domain_known": (
        (),
        "Whether a registry says when the domain expires (1) or not (0): a private name, or its registry does not say.",
    ),
    "pantrywatch_domain_expiry_timestamp_seconds": (
        (),
        "When the domain expires, as its registry said last, Unix time.",
    ),
    "pantrywatch_domain_answer_timestamp_seconds": ((), "When the registry of the domain answered last, Unix time."),
    "pantrywatch_domain_error": (
        ("class",),
        "1 for the class of error that the last look at the registry failed with; no sample if it answered.",
    ),
    "pantrywatch_check_step_success": (
        ("step",),
        "Whether a step of the last journey passed (1) or not (0); no sample for one that was not reached.",
    ),
    "pantrywatch_check_step_duration_seconds": (("step",), "Time of each step of the last journey."),
}

STEP_SECONDS = "pantrywatch_check_step_seconds"
HISTOGRAMS: Histograms = {STEP_SECONDS: (EDGES, "Time of the steps of journeys that passed.")}
HISTOGRAM_LABELS = ("step",)
