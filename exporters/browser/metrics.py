"""The metrics of a page load in our own browser: lab data."""

from __future__ import annotations

from exporters.core.checks.check import Gauges, Histograms

GAUGES: Gauges = {
    "browser_tbt_seconds": (
        ("source", "network"),
        "Total blocking time of the last page load: what its tasks took beyond 50 ms each, until it was interactive.",
    ),
    "browser_page_requests": (("resource",), "Requests of the last page load, by resource type."),
    "browser_page_transferred_bytes": (("resource",), "Bytes that the last page load transferred over the network."),
    "browser_page_party_bytes": (
        ("party",),
        "Bytes that the last page load transferred from its own origin (first) and from others (third).",
    ),
    "browser_page_budget_bytes": (
        ("resource",),
        "Most bytes that a page load may transfer, by resource type: `budgets` of the settings.",
    ),
    "browser_page_error_responses": ((), "Responses of the last page load with a status from 400."),
    "browser_page_uncompressed_responses": (
        (),
        "Documents, style sheets, scripts and fetched data of the last page load sent uncompressed, above 1400 bytes.",
    ),
    "browser_page_uncacheable_responses": (
        (),
        "Style sheets, scripts, images and fonts of the last page load without Cache-Control and Expires.",
    ),
    "browser_page_unused_code_ratio": (
        ("resource",),
        "Share of the code of the page's scripts, or styles, that the last load did not use; only with `unused_code`.",
    ),
    "browser_page_service_worker": ((), "Whether a service worker was registered for the page after its last load."),
    "browser_page_offline_reload": (
        (),
        "Whether the page, once loaded, came back when it was reloaded without a network; only with `offline_reload`.",
    ),
    "browser_page_manifest": ((), "Whether the page of the last load names a manifest that can be read."),
    "browser_page_failed_requests": ((), "Requests of the last page load that got no answer."),
    "browser_page_script_errors": ((), "Uncaught script errors in the last page load."),
    "pantrywatch_check_step_success": (
        ("step",),
        "Whether a step of the last journey passed (1) or not (0); no sample for one that was not reached.",
    ),
    "pantrywatch_check_step_duration_seconds": (("step",), "Time of each step of the last journey."),
    "pantrywatch_check_step_error": (
        ("step", "reason"),
        "1 for the reason that a step of the last journey failed for; no sample if all passed.",
    ),
}

_SINCE = " since navigation start, of page loads; one that did not occur in the watched time is above every edge."
# The edges of the buckets are those of targets.yaml, `histograms`; so are the labels `source` (lab: our browser, field:
# the users') and `network` (the profile that a check throttles to).
HISTOGRAMS: Histograms = {
    "browser_ttfb_seconds": ((0.05, 0.1, 0.2, 0.4, 0.8, 1.2, 1.8, 3.0), "Time to first byte of page loads."),
    "browser_fcp_seconds": ((0.4, 0.8, 1.2, 1.8, 2.4, 3.0, 5.0, 8.0), f"First contentful paint{_SINCE}"),
    "browser_lcp_seconds": ((0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 6.0, 10.0), f"Largest contentful paint{_SINCE}"),
    "browser_cls_score": ((0.01, 0.025, 0.05, 0.1, 0.15, 0.25, 0.5, 1.0), "Cumulative layout shift of page loads."),
    "browser_tti_seconds": ((1.0, 2.0, 3.0, 3.5, 4.0, 5.0, 7.3, 15.0), f"Time to interactive{_SINCE}"),
    "browser_fid_seconds": (
        (0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 1.0),
        "Delay of the first input of journeys: from a click until the page begins to handle it.",
    ),
    "browser_inp_seconds": (
        (0.05, 0.1, 0.15, 0.2, 0.3, 0.5, 1.0, 2.0),
        "Slowest interaction of journeys: from an input to the next paint.",
    ),
    "browser_page_load_seconds": ((0.5, 1.0, 2.0, 3.0, 4.0, 6.0, 10.0, 20.0), f"End of the load event{_SINCE}"),
}
INPUT_HISTOGRAMS = ("browser_fid_seconds", "browser_inp_seconds")
HISTOGRAM_LABELS = ("source", "network")
