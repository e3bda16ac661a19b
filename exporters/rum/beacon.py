"""A beacon as sent by the agent: a closed schema, decoded in one step; whatever it does not name is refused."""

from __future__ import annotations

import math
import zlib
from typing import Annotated, Literal

import msgspec
from msgspec.structs import astuple

MOST_BYTES = 16 * 1024  # of a body, as sent and once decompressed

_Count = Annotated[int, msgspec.Meta(ge=0, le=10_000)]
# Beyond these a value counts as this much: it is no reason to refuse everything else that its beacon measured.
MOST_FILE_BYTES = 2**30  # of one kind of file of a page load
MOST_BLOCKING_SECONDS = 600.0  # of one party: a machine that slept within a task says hours

_Bytes = Annotated[int, msgspec.Meta(ge=0)]
_Milliseconds = Annotated[float, msgspec.Meta(ge=0)]


class Vitals(msgspec.Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """What one page load or route change measured, in milliseconds; `cls` is a score. Absent: it did not occur."""

    lcp: float | None = None
    fid: float | None = None
    cls: float | None = None
    fcp: float | None = None
    ttfb: float | None = None
    inp: float | None = None
    load: float | None = None
    route_change: float | None = None


class Action(msgspec.Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """A search, until its results, a form, until its feedback, or another, and what it took in milliseconds."""

    name: Annotated[str, msgspec.Meta(max_length=50)]
    duration: float


class Blocking(msgspec.Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """For how long the page could not answer, by whose script it was, in milliseconds beyond 50 at once."""

    first: _Milliseconds = 0.0
    third: _Milliseconds = 0.0
    unknown: _Milliseconds = 0.0


class Resources(msgspec.Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """What one kind of file of a page load weighed, by where it came from; `unknown`: its origin does not say."""

    kind: Literal["document", "script", "style", "image", "font", "request", "other"]
    network_bytes: _Bytes = 0
    cache_bytes: _Bytes = 0
    network: _Count = 0
    cache: _Count = 0
    unknown: _Count = 0


class Beacon(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One batch. `id` is random, new for every batch and only there to count a repeated batch once."""

    id: Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{16,32}$", max_length=32)]
    navigation: Literal["hard", "soft"]
    route: Annotated[str, msgspec.Meta(max_length=200)] = ""
    device: Annotated[str, msgspec.Meta(max_length=20)] = ""
    connection: Annotated[str, msgspec.Meta(max_length=20)] = ""
    webdriver: bool = False
    vitals: Vitals = Vitals()
    actions: Annotated[tuple[Action, ...], msgspec.Meta(max_length=50)] = ()
    interactions: _Count = 0
    errors: _Count = 0
    rejections: _Count = 0
    opaque_errors: _Count = 0
    worker_errors: _Count = 0
    observer_errors: _Count = 0
    failed_resources: _Count = 0
    failed_requests: _Count = 0
    blocking: Blocking | None = None
    resources: Annotated[tuple[Resources, ...], msgspec.Meta(max_length=7)] = ()
    sample: Annotated[float, msgspec.Meta(gt=0, le=1)] = 1.0


class RefusedError(Exception):
    """The body is not a beacon; the argument is the reason, one of `metrics.REASONS`."""


_decoder = msgspec.json.Decoder(Beacon)


def read_beacon(body: bytes, encoding: bytes) -> Beacon:
    """Return the beacon in a body of at most MOST_BYTES. Raises RefusedError with size, encoding, syntax or schema."""
    if encoding and (encoding := encoding.strip().lower()) not in {b"", b"identity"}:
        body = _inflated(body, encoding)
    try:
        return _decoder.decode(body)
    except msgspec.ValidationError:
        raise RefusedError("schema") from None
    except (msgspec.MsgspecError, ValueError, RecursionError):
        raise RefusedError("syntax") from None


def _inflated(body: bytes, encoding: bytes) -> bytes:
    """Return a gzip body decompressed; no more than MOST_BYTES + 1 of it are ever produced."""
    if encoding != b"gzip":
        raise RefusedError("encoding")
    inflater = zlib.decompressobj(wbits=31)
    try:
        text = inflater.decompress(body, MOST_BYTES + 1)
    except zlib.error:
        raise RefusedError("syntax") from None
    if len(text) > MOST_BYTES:
        raise RefusedError("size")
    if not inflater.eof or inflater.unused_data:
        raise RefusedError("syntax")
    return text


# What each navigation may report, and the largest believable value in the metric's own unit: more counts as this much.
# Never mixed: a soft navigation has no page load, and a hard one is not a change of route.
_HARD = {
    "lcp": ("browser_lcp_seconds", 0.001, 60.0),
    "fid": ("browser_fid_seconds", 0.001, 60.0),
    "cls": ("browser_cls_score", 1.0, 10.0),
    "fcp": ("browser_fcp_seconds", 0.001, 60.0),
    "ttfb": ("browser_ttfb_seconds", 0.001, 60.0),
    "inp": ("browser_inp_seconds", 0.001, 60.0),
    "load": ("browser_page_load_seconds", 0.001, 120.0),
}
_SOFT = {
    "inp": ("browser_inp_seconds", 0.001, 60.0),
    "route_change": ("browser_route_change_seconds", 0.001, 60.0),
}
_MEASURES = {
    navigation: tuple(table.get(field) for field in Vitals.__struct_fields__)
    for navigation, table in (("hard", _HARD), ("soft", _SOFT))
}
# The actions that the document names have histograms of their own.
ACTIONS = {"search": "browser_search_seconds", "form": "browser_form_submission_seconds"}
_LONGEST_ACTION_SECONDS = 120.0


def measured(beacon: Beacon) -> tuple[list[tuple[str, float]], list[str]]:
    """Return (histogram, value in its unit) of each value, and why others are left out: navigation or range."""
    values, left_out = [], []
    for measure, value in zip(_MEASURES[beacon.navigation], astuple(beacon.vitals), strict=True):
        if value is None:
            continue
        if measure is None:
            left_out.append("navigation")
        elif 0.0 <= value < math.inf:
            name, unit, most = measure
            values.append((name, min(value * unit, most)))
        else:
            left_out.append("range")
    return values, left_out


def acted(beacon: Beacon) -> tuple[list[tuple[str, float]], list[str]]:
    """Return (name, seconds) of each action, and why others are left out: range."""
    usable = [action for action in beacon.actions if 0.0 <= action.duration < math.inf]
    found = [(action.name, min(action.duration / 1000, _LONGEST_ACTION_SECONDS)) for action in usable]
    return found, ["range"] * (len(beacon.actions) - len(usable))
