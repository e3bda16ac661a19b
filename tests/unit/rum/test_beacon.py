"""Bodies of untrusted clients: a beacon, or one of the closed set of reasons; never an error, never much memory."""

from __future__ import annotations

import contextlib
import gzip
import json
import zlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporters.core.strict_yaml import read_yaml
from exporters.rum import labels
from exporters.rum.beacon import MOST_BYTES, Action, Beacon, RefusedError, acted, measured, read_beacon
from exporters.rum.labels import Routes, Visitors
from exporters.rum.metrics import HISTOGRAMS
from tests.support.exporter import ROOT
from tests.support.properties import cases

_ID = "0123456789abcdef"


def _body(**fields: Any) -> bytes:
    return json.dumps({"id": _ID, "navigation": "hard", **fields}).encode()


def _reason(body: bytes, encoding: bytes = b"") -> str:
    with pytest.raises(RefusedError) as raised:
        read_beacon(body, encoding)
    return str(raised.value)


def test_edges_are_those_of_the_targets() -> None:
    """A field histogram has the same edges as targets.yaml, so that each target's threshold is one of them."""
    stated = read_yaml(ROOT / "targets.yaml")["histograms"]
    ours = {name: list(edges) for name, (edges, _) in HISTOGRAMS.items() if name != "browser_inp_seconds"}
    assert ours == {name: [float(edge) for edge in stated[name]] for name in ours}
    fields = {name for name in stated if name.startswith("browser_")} - {"browser_tti_seconds"}
    assert ours.keys() == fields, "time to interactive is measured by our own browser alone"


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "syntax"),
        (b"\xff\xfe", "syntax"),
        (b"[" * 16_000, "schema"),
        (b'{"id":' * 2_000, "schema"),
        (b"{}", "schema"),
        (_body(navigation="back"), "schema"),
        (_body(id="x" * 20), "schema"),
        (_body(url="https://crm/contacts?q=a@b.example"), "schema"),
        (_body(vitals={"lcp": float("nan")}), "syntax"),
        (_body(vitals={"lcp": float("inf")}), "syntax"),
        (_body(vitals={"lcp": "2400"}), "schema"),
        (_body(vitals={"lcp": True}), "schema"),
        (_body(vitals={"lcp": [[[[[1]]]]]}), "schema"),
        (_body(interactions=-1), "schema"),
        (_body(interactions=10**40), "schema"),
        (_body(actions=[{"name": "search", "duration": 1}] * 51), "schema"),
        (_body(actions=[{"name": "a" * 51, "duration": 1}]), "schema"),
        (_body(blocking={"first": -1}), "schema"),
        (_body(resources=[{"kind": "video"}]), "schema"),
        (_body(resources=[{"kind": "font"}] * 8), "schema"),
        (_body(sample=0), "schema"),
        (_body(sample=1.5), "schema"),
        (_body(worker_errors=10_001), "schema"),
        (_body(route="/" + "a" * 300), "schema"),
    ],
)  # fmt: skip
def test_what_is_no_beacon_is_refused(body: bytes, reason: str) -> None:
    """Broken, deep, unknown, out of range or of another type: refused, with the reason that is counted."""
    assert _reason(body) in {reason, "syntax"}
    if reason == "schema" and not body.startswith((b"[", b'{"id":{')):
        assert _reason(body) == "schema"


def test_compressed_bodies_are_bounded() -> None:
    """A bomb is refused for its size and gives no more than the limit; what is cut short, or followed by more, too."""
    small = gzip.compress(_body())
    assert read_beacon(small, b"gzip").navigation == "hard"
    bomb = gzip.compress(b" " * 10_000_000)
    assert len(bomb) < MOST_BYTES
    assert _reason(bomb, b"gzip") == "size"
    assert _reason(small[:-4], b"gzip") == "syntax"
    assert _reason(small + b"more", b"gzip") == "syntax"
    assert _reason(zlib.compress(_body()), b"deflate") == "encoding"
    assert _reason(_body(), b"gzip") == "syntax"


@cases(150)
@given(st.binary(max_size=400), st.sampled_from([b"", b"gzip", b"identity", b"br"]))
def test_any_bytes_are_answered(body: bytes, encoding: bytes) -> None:
    """Whatever the bytes are, the answer is a beacon or a known reason."""
    with contextlib.suppress(RefusedError):
        assert isinstance(read_beacon(body, encoding), Beacon)


_NUMBERS = st.none() | st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(10**30), 10**30)


@cases(150)
@given(
    st.sampled_from(["hard", "soft"]),
    st.dictionaries(st.sampled_from(["lcp", "fid", "cls", "fcp", "ttfb", "inp", "load", "route_change"]), _NUMBERS),
)
def test_values_are_bounded_and_navigations_never_mixed(navigation: str, vitals: dict[str, Any]) -> None:
    """A value is between 0 and its largest believable one; a soft navigation feeds no vital of a page load."""
    beacon = read_beacon(_body(navigation=navigation, vitals=vitals), b"")
    found, _ = measured(beacon)
    assert all(0 <= value <= 120 for _, value in found)
    allowed = {"browser_inp_seconds", "browser_route_change_seconds"} if navigation == "soft" else set(HISTOGRAMS)
    assert {name for name, _ in found} <= allowed - (
        {"browser_route_change_seconds"} if navigation == "hard" else set()
    )


def test_values_have_the_unit_of_their_metric() -> None:
    """Milliseconds become seconds, the layout shift stays a score, and too much is clamped; negative is left out."""
    vitals = {"lcp": 2500, "cls": 0.1, "fcp": -1, "ttfb": 1e9, "route_change": 5}
    durations = (480, -1, 1e9)
    beacon = read_beacon(_body(vitals=vitals, actions=[{"name": "x", "duration": one} for one in durations]), b"")
    values, left_out = measured(beacon)
    assert sorted(values) == [("browser_cls_score", 0.1), ("browser_lcp_seconds", 2.5), ("browser_ttfb_seconds", 60.0)]
    assert sorted(left_out) == ["navigation", "range"]
    assert acted(beacon) == ([("x", 0.48), ("x", 120.0)], ["range"])


def test_routes_are_those_of_the_list() -> None:
    """A template, or a path that fits one, is its template; ids, queries and everything else never become a label."""
    routes = Routes(("/", "/contacts", "/contacts/:id", "/contacts/new", "/contacts/:id/orders"))
    told = {
        "/": "/",
        "/contacts": "/contacts",
        "/contacts/:id": "/contacts/:id",
        "/contacts/42": "/contacts/:id",
        "/contacts/new": "/contacts/new",
        "/contacts/new?from=list#top": "/contacts/new",
        "/contacts/a@b.example?q=secret#x": "/contacts/:id",
        "/contacts/": "other",
        "/contacts/42/orders": "/contacts/:id/orders",
        "/contacts/42/orders/7": "other",
        "https://crm.example/contacts": "other",
        "": "other",
    }
    assert {route: routes.fold(route) for route in told} == told


@cases(100)
@given(st.text(max_size=200), st.text(max_size=20))
def test_hostile_texts_become_other(text: str, short: str) -> None:
    """Whatever a client calls its route, device, connection or browser, the label is of a closed set."""
    assert Routes(("/a", "/b/:id")).fold(text) in {"/a", "/b/:id", "other"}
    assert labels.device(short) in {"phone", "tablet", "desktop", "other"}
    assert labels.connection(short) in {"slow-2g", "2g", "3g", "4g", "other"}
    assert labels.browser(text.encode(errors="replace")) in labels.BROWSERS


_CHROME = b"mozilla/5.0 (x11; linux x86_64) applewebkit/537.36 (khtml, like gecko) chrome/156.0.0.0 safari/537.36"


@pytest.mark.parametrize(
    ("agent", "webdriver", "visitor"),
    [
        (_CHROME, False, "user"),
        (_CHROME, True, "bot"),
        (_CHROME.replace(b"chrome/", b"headlesschrome/"), False, "bot"),
        (b"mozilla/5.0 (compatible; googlebot/2.1; +http://www.google.com/bot.html)", False, "bot"),
        (b"curl/8.14", False, "bot"),
        (b"", False, "bot"),
        (_CHROME + b" ptst/241201", False, "bot"),
        (_CHROME + b" (compatible; googleother)", False, "bot"),
        (_CHROME + b" datadogsynthetics", False, "bot"),
        (_CHROME + b" pantrywatch", True, "own"),
        (b"mozilla/5.0 (x11; linux x86_64; cubot note) gecko/20100101 firefox/145.0", False, "user"),
    ],
)  # fmt: skip
def test_programs_are_told_from_users(agent: bytes, webdriver: bool, visitor: str) -> None:  # noqa: FBT001
    """Bots and automated browsers are not users, and neither are this installation's own checks."""
    visitors = Visitors(("pantrywatch",))
    assert visitors.of(agent, webdriver=webdriver)[0] == visitor
    assert visitors.of(agent, webdriver=webdriver)[0] == visitor, "the second time as well"


def test_browsers_are_told_apart() -> None:
    """A browser that also names its ancestors is what it is."""
    told = {
        _CHROME: "chrome",
        _CHROME + b" edg/156.0": "edge",
        b"mozilla/5.0 (macintosh) applewebkit/605 (khtml, like gecko) version/26.2 safari/605": "safari",
        b"mozilla/5.0 (x11; rv:145.0) gecko/20100101 firefox/145.0": "firefox",
        _CHROME.replace(b"x11; linux x86_64", b"linux; android 13; motorola edge 30"): "chrome",
        b"mozilla/5.0 (android 13; motorola edge 30; mobile; rv:145.0) gecko/145.0 firefox/145.0": "firefox",
        b"mozilla/5.0 (iphone) applewebkit/605 (khtml, like gecko) fxios/145.0 mobile/15e148 safari/605": "firefox",
        b"mozilla/5.0 (iphone) applewebkit/605 (khtml, like gecko) edgios/145.0 mobile/15e148 safari/605": "edge",
        b"lynx": "other",
    }
    assert {agent: labels.browser(agent) for agent in told} == told


def test_a_beacon_has_no_room_for_what_is_personal() -> None:
    """No text is in the schema that is not folded into a closed set, but the random id of the batch."""
    texts = {name for kind in (Beacon, Action) for name, text in kind.__annotations__.items() if "str" in str(text)}
    assert texts == {"id", "route", "device", "connection", "name"}
