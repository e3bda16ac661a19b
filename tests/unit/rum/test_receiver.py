"""The receiver over real sockets: what it accepts, what it drops and counts, and what it never holds."""

from __future__ import annotations

import asyncio
import dataclasses
import itertools
from collections.abc import Iterator

import pytest
from prometheus_client.parser import text_string_to_metric_families

from exporters.core.deadline import Deadline
from exporters.core.exposition import render
from exporters.core.scrape import run_once
from exporters.core.settings import decode
from exporters.rum.limits import Bucket, ClientLimits, Networks, RecentBatches
from exporters.rum.metrics import PAGE_ERRORS, SCRIPT_ERRORS, Metrics
from exporters.rum.receiver import Head, Receiver
from exporters.rum.settings import RumSettings
from exporters.rum.source import RumSource
from tests.unit.rum.wire import SETTINGS, Server, beacon, request


def test_a_beacon_is_counted_under_closed_labels() -> None:
    """Values are in histograms of the users' field, by route, device, connection and kind of navigation."""
    server = Server()
    body = beacon(
        route="/contacts/42?q=a@b.example", device="phone", connection="4g", vitals={"lcp": 2400, "cls": 0.3},
        interactions=3, errors=5, rejections=1, failed_requests=2,
    )  # fmt: skip
    assert server.send(request(body)).statuses() == [204]
    labels = {
        "source": "field", "navigation": "hard", "route": "/contacts/:id", "device": "phone", "connection": "4g",
    }  # fmt: skip
    assert server.count("browser_lcp_seconds_bucket", **labels, le="2.0") == 0
    assert server.count("browser_lcp_seconds_bucket", **labels, le="2.5") == 1
    assert server.count("browser_cls_score_count", **labels) == 1
    assert server.count("browser_interactions_total", source="field") == 3
    assert server.count("browser_interaction_errors_total", source="field") == 3, "never more than interactions"
    assert server.count("browser_script_errors_total") == 6
    assert server.count("browser_failed_requests_total") == 2
    assert b"example" not in render(server.metrics.families())


def test_errors_by_class() -> None:
    """Only those of scripts count against interactions; a resize loop and a file that did not load are told apart."""
    server = Server()
    numbers = {name: at for at, name in enumerate((*SCRIPT_ERRORS.values(), *PAGE_ERRORS.values()), start=1)}
    server.send(request(beacon(interactions=100, **numbers)))
    for metric, kinds in (("browser_script_errors_total", SCRIPT_ERRORS), ("browser_page_errors_total", PAGE_ERRORS)):
        assert {kind: server.count(metric, kind=kind) for kind in kinds} == {
            kind: numbers[name] for kind, name in kinds.items()
        }
    assert server.count("browser_interaction_errors_total") == sum(numbers[name] for name in SCRIPT_ERRORS.values())


def test_blocking_time_and_weight_add_up() -> None:
    """Milliseconds become seconds by party; bytes and files are added up by kind and origin, of page loads alone."""
    server = Server()
    font = {"kind": "font", "network_bytes": 300, "cache_bytes": 20_000, "cache": 2, "unknown": 1}
    for navigation in ("hard", "hard", "soft"):
        server.send(request(beacon(navigation=navigation, blocking={"third": 250}, resources=[font])))
    assert server.count("browser_blocking_seconds_total", party="third") == 0.75
    assert server.count("browser_blocking_seconds_total", party="first") == 0
    assert server.count("browser_weighed_page_loads_total") == 2
    assert server.count("browser_resource_bytes_total", kind="font", **{"from": "network"}) == 600
    assert server.count("browser_resource_bytes_total", kind="font", **{"from": "cache"}) == 40_000
    assert server.count("browser_resources_total", kind="font", **{"from": "cache"}) == 4
    assert server.count("browser_resources_total", kind="font", **{"from": "unknown"}) == 2


def test_too_much_of_one_kind_is_no_reason_to_refuse_the_rest() -> None:
    """A task that a machine slept in, and a file of gigabytes, count as the most there is, beside all else."""
    server = Server()
    resources = [{"kind": "other", "network_bytes": 2**40, "cache_bytes": 2**40}]
    sent = request(beacon(vitals={"lcp": 900}, blocking={"first": 3.6e7}, resources=resources))
    assert server.send(sent).statuses() == [204]
    assert server.count("browser_lcp_seconds_count") == 1
    assert server.count("browser_blocking_seconds_total") == 600
    assert server.count("browser_resource_bytes_total") == 2**31


def test_a_sample_is_told() -> None:
    """A beacon of a page that measures a tenth stands for ten; none stands for more than a thousand."""
    server = Server()
    server.send(request(beacon()), request(beacon(sample=0.1)), request(beacon(sample=1e-9)))
    assert server.count("browser_beacons_total") == 3
    assert server.count("browser_beacons_estimated_total") == 1 + 10 + 1000


def test_actions_of_the_settings_have_their_names() -> None:
    """One that the settings name is itself, any other is `other`; search and form have histograms of their own."""
    server = Server(dataclasses.replace(SETTINGS, actions=("import",)))
    names = ("import", "search", "form", "ada@crm.example", "")
    server.send(request(beacon(actions=[{"name": name, "duration": 100} for name in names])))
    assert server.count("browser_action_seconds_count", action="import") == 1
    assert server.count("browser_action_seconds_count", action="other") == 2
    assert server.count("browser_action_seconds_count") == 3
    assert server.count("browser_search_seconds_count") == server.count("browser_form_submission_seconds_count") == 1


def test_a_beacon_in_pieces_and_several_at_once_are_read() -> None:
    """Bytes may arrive one at a time, chunked, or several requests in one packet."""
    server = Server()
    whole = request(beacon())
    assert server.send(*(whole[i : i + 1] for i in range(len(whole)))).statuses() == [204]
    assert server.send(request(beacon()) + request(beacon())).statuses() == [204, 204]
    body = beacon()
    chunked = b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
    assert server.send(request(chunked, "transfer-encoding: chunked")).statuses() == [204]
    assert server.count("pantrywatch_rum_accepted_total", visitor="user") == 4


@pytest.mark.parametrize(
    ("request_bytes", "status", "reason"),
    [
        (request(b"{}", method="GET"), 404, "path"),
        (request(b"{}", path="/metrics"), 404, "path"),
        (request(b"{}", origin="https://evil.example"), 403, "origin"),
        (request(b"{}", origin="null"), 403, "origin"),
        (request(b"{}", origin="http://crm.evil.example"), 403, "origin"),
        (request(b"", "content-length: 10000000"), 413, "size"),
        (request(b"", "content-length: 99999999999999999999999"), 400, "http"),
        (request(b"4e20\r\n" + b"x" * 20_000 + b"\r\n0\r\n\r\n", "transfer-encoding: chunked"), 413, "size"),
        (request(b"1\r\nx\r\n" * 20_000, "transfer-encoding: chunked"), 413, "size"),
        (request(b"{}", "content-encoding: br"), 415, "encoding"),
        (request(b"{"), 400, "syntax"),
        (request(b"{}"), 400, "schema"),
        (request(b"{}", "x: " + "a" * 20_000), 400, "http"),
        (b"GET " + b"a" * 100_000, 400, "http"),
        (b"\x16\x03\x01 no http", 400, "http"),
    ],
)  # fmt: skip
def test_bad_input_is_answered_and_counted_once(request_bytes: bytes, status: int, reason: str) -> None:
    """A wrong path, origin, size, encoding or form has its own answer and its own reason."""
    server = Server()
    assert server.send(request_bytes).statuses() == [status]
    assert server.dropped() == {reason: 1}
    assert server.count("pantrywatch_rum_accepted_total") == 0


def test_ten_megabytes_are_not_held() -> None:
    """A body without an end is cut off at the limit; nothing of it is kept."""
    server = Server()
    connection, wire = server.connect()
    connection.received(request(b"", "transfer-encoding: chunked"))
    sent = 0
    while not wire.closed and sent < 10_000_000:
        connection.received(b"1000\r\n" + b"x" * 4096 + b"\r\n")
        sent += 4096
        assert sum(map(len, connection._body)) <= 16 * 1024  # noqa: SLF001
    assert wire.statuses() == [413]
    assert sent < 100_000


def test_another_origin_needs_to_be_listed() -> None:
    """A listed origin gets its preflight and its answer; no other origin is ever named."""
    server = Server(RumSettings(origins=("https://app.example",)))
    wire = server.send(request(b"", method="OPTIONS", origin="https://app.example"))
    assert wire.statuses() == [204]
    assert b"access-control-allow-origin: https://app.example\r\n" in wire.written
    assert b"access-control-allow-methods: POST\r\n" in wire.written
    wire = server.send(request(beacon(), origin="https://app.example"))
    assert wire.statuses() == [204]
    assert b"access-control-allow-origin: https://app.example\r\n" in wire.written
    wire = server.send(request(b"", method="OPTIONS", origin="https://evil.example"))
    assert wire.statuses() == [403]
    assert b"access-control" not in wire.written


def test_a_repeated_batch_counts_once() -> None:
    """A browser that sends a batch again is answered as before, and the batch is not counted again."""
    server = Server()
    body = beacon(vitals={"lcp": 100})
    assert server.send(request(body), request(body)).statuses() == [204, 204]
    assert server.count("browser_lcp_seconds_count") == 1
    assert server.dropped() == {"duplicate": 1}


def test_programs_do_not_count_as_users() -> None:
    """A bot's beacon, and one of an automated browser, are counted apart and feed nothing."""
    server = Server()
    server.send(request(beacon(vitals={"lcp": 100}, webdriver=True, interactions=1)))
    server.send(request(beacon(vitals={"lcp": 100})).replace(b"Chrome/", b"HeadlessChrome/"))
    assert server.count("pantrywatch_rum_accepted_total", visitor="bot") == 2
    assert server.count("browser_lcp_seconds_count") == 0
    assert server.count("browser_interactions_total") == 0


def test_a_flood_is_limited_for_its_network_alone() -> None:
    """A network beyond its rate gets 429; another network is still heard, until all of them are too many."""
    now = [100.0]
    metrics = Metrics(10)
    receiver = Receiver(RumSettings(client_rate=1, total_rate=2.5), metrics, lambda: now[0])

    def ask(peer: str) -> int:
        head = Head(b"POST", b"/rum", receiver.peer(peer), {b"host": b"crm", b"origin": b"http://crm"})
        answer = receiver.on_head(head)
        return answer.status if answer else 0

    assert [ask("192.0.2.1") for _ in range(12)] == [0] * 10 + [429] * 2
    assert ask("192.0.2.200") == 429, "the same /24"
    assert [ask("198.51.100.1") for _ in range(10)] == [0] * 10
    assert [ask("203.0.113.1") for _ in range(6)] == [0] * 5 + [429]
    now[0] += 1.0
    assert ask("192.0.2.1") == 0, "a second later there is a token again"


def test_the_tables_of_limits_are_bounded() -> None:
    """However many networks and batches there are, the tables hold no more than their limit."""
    clients, batches = ClientLimits(1.0, most_networks=10), RecentBatches(most=10)
    assert all(clients.take(number, 0.0) for number in range(1000))
    assert all(batches.is_new(str(number)) for number in range(1000))
    assert (len(clients), len(batches)) == (10, 10)
    assert not batches.is_new("999")
    bucket = Bucket(0.1, 0.0)
    assert [bucket.take(0.0), bucket.take(0.0), bucket.take(10.1)] == [True, False, True]


def test_networks_of_clients() -> None:
    """IPv4 counts by /24, IPv6 by /56, and X-Forwarded-For only where a trusted proxy sends it."""
    networks = Networks(("127.0.0.0/8", "10.0.0.0/8", "fd00::/8"))

    def of(peer: str, forwarded: bytes = b"") -> int | None:
        return networks.of(networks.peer(peer), forwarded)

    direct = of("192.0.2.1")
    assert of("192.0.2.77") == direct
    assert of("192.0.3.1") != direct
    assert of("::ffff:192.0.2.9") == direct
    assert of("2001:db8:0:12::1") == of("2001:db8:0:34:5::1%eth0")
    assert of("2001:db8:0:112::1") != of("2001:db8:0:12::1")
    assert of("127.0.0.1", b"203.0.113.5, 192.0.2.8, 10.1.1.1") == direct
    assert of("fd00::7", b"192.0.2.8:4711") == direct
    assert of("10.0.0.1", b"[2001:db8:0:12::1]:443") == of("2001:db8:0:12::9")
    assert of("198.51.100.1", b"192.0.2.8") == of("198.51.100.1")


def test_users_behind_a_proxy_that_names_none_are_not_one_network() -> None:
    """A trusted proxy without a usable X-Forwarded-For: its users share the limit of all, and that is counted."""
    server = Server(RumSettings(client_rate=0.1, total_rate=1000))
    for forwarded in ("", "unknown", "10.0.0.1, nonsense", "127.0.0.1"):
        headers = (f"x-forwarded-for: {forwarded}",) if forwarded else ()
        for _ in range(3):
            assert server.send(request(beacon(), *headers), peer="127.0.0.1").statuses() == [204]
    assert server.count("pantrywatch_rum_clients_unknown_total") == 12
    for _ in range(3):
        server.send(request(beacon(), "x-forwarded-for: 192.0.2.8"), peer="127.0.0.1")
    assert server.dropped() == {"client_rate": 2}


def test_the_last_line_of_a_header_counts() -> None:
    """A proxy that adds a line of its own is believed, and not the line that the client sent before it."""
    server = Server(RumSettings(client_rate=0.1))
    for number, status in ((1, 204), (2, 429)):
        sent = request(beacon(), f"x-forwarded-for: 198.51.{number}.1", "X-Forwarded-For: 192.0.2.8")
        assert server.send(sent, peer="127.0.0.1").statuses() == [status]
    names = ("X-Forwarded-For", "x-forwarded-for", "X-Forwarded-For")
    spelled = (f"{name}: 203.0.{at}.8" for at, name in enumerate(names))
    assert server.send(request(beacon(), *spelled), peer="127.0.0.1").statuses() == [204]
    for at, status in ((1, 204), (2, 429)):
        sent = request(beacon(), f"x-forwarded-for: 203.0.{at}.9")
        assert server.send(sent, peer="127.0.0.1").statuses() == [status]


def test_what_follows_a_chunked_body_is_not_a_header() -> None:
    """A trailer changes nothing of the request that it ends, nor of the next one."""
    server, body = Server(), beacon()
    for trailer in (b"content-encoding: br", b"user-agent: bot", b"origin: http://evil.example"):
        chunked = b"%x\r\n%s\r\n0\r\n%s\r\n\r\n" % (len(body), body, trailer)
        whole = request(chunked, "transfer-encoding: chunked") + request(beacon()).replace(b"user-agent", b"x")
        assert server.send(whole).statuses() == [204, 204]
        body = beacon()
    assert server.count("pantrywatch_rum_accepted_total", visitor="user") == 3


def test_what_is_remembered_of_clients_is_bounded() -> None:
    """Thousands of origins, networks and user agents leave tables of a fixed size, and the decisions stay right."""
    server = Server()
    for number in range(3000):
        sent = request(beacon(), f"x-forwarded-for: 10.{number // 200}.{number % 200}.1", origin=f"http://c{number}")
        assert server.send(sent.replace(b"Chrome", b"%d" % number), peer="127.0.0.1").statuses() == [403]
    for number in range(3000):
        sent = request(beacon(), f"x-forwarded-for: 10.{number // 200}.{number % 200}.1")
        assert server.send(sent.replace(b"Chrome", b"%d" % number), peer="127.0.0.1").statuses() == [204]
    receiver = server.connections.receiver
    tables = (receiver._origins._decided, receiver._networks._seen, receiver._visitors._seen)  # noqa: SLF001
    assert all(0 < len(table) <= 1024 for table in tables)


_TLS = "x-forwarded-proto: https"


@pytest.mark.parametrize(
    ("peer", "origin", "headers", "status"),
    [
        ("192.0.2.1", "http://crm", (), 204),
        ("192.0.2.1", "HTTP://CRM", (), 204),
        ("192.0.2.1", "https://crm", (), 403),
        ("192.0.2.1", "https://crm", (_TLS,), 403),
        ("192.0.2.1", "http://crm:8080", (), 403),
        ("127.0.0.1", "https://crm", (_TLS,), 204),
        ("127.0.0.1", "http://crm", (_TLS,), 403),
        ("127.0.0.1", "http://crm", ("x-forwarded-proto: http",), 204),
        ("127.0.0.1", "https://crm", (), 204),
        ("127.0.0.1", "http://crm", (), 204),
        ("127.0.0.1", "https://evil.example", (_TLS,), 403),
        ("127.0.0.1", "ftp://crm", (), 403),
        ("192.0.2.1", "null", ("sec-fetch-site: same-origin",), 204),
        ("192.0.2.1", "null", ("sec-fetch-site: cross-site",), 403),
        ("192.0.2.1", "null", ("sec-fetch-site: same-site",), 403),
        ("192.0.2.1", "http://evil.example", ("sec-fetch-site: same-origin",), 403),
    ],
)  # fmt: skip
def test_the_own_origin_has_a_scheme(peer: str, origin: str, headers: tuple[str, ...], status: int) -> None:
    """Same origin is scheme, host and port: http, or what a trusted proxy says; a page with `no-referrer` has none."""
    assert Server().send(request(beacon(), *headers, origin=origin), peer=peer).statuses() == [status]


def test_a_proxy_may_name_the_default_port() -> None:
    """A Host with the default port of its scheme is the origin without it, and a listed origin may have it too."""
    server = Server(RumSettings(origins=("https://app.example:443",)))
    named = request(beacon(), _TLS, origin="https://crm").replace(b"host: crm\r\n", b"host: crm:443\r\n")
    assert server.send(named, peer="127.0.0.1").statuses() == [204]
    assert server.send(request(beacon(), origin="https://app.example")).statuses() == [204]


def test_label_sets_are_bounded_and_navigations_stay_apart() -> None:
    """Beyond the limit a histogram has one more label set for each kind of navigation, all other labels `other`."""
    metrics = Metrics(3)
    for number, navigation in itertools.product(range(100), ("hard", "soft")):
        metrics.observe((navigation, f"/{number}", "phone", "4g"), [("browser_inp_seconds", 0.1)])
    (family,) = [one for one in metrics.families() if one.name == "browser_inp_seconds"]
    text = render([family]).decode()
    counts = [one for one in next(iter(text_string_to_metric_families(text))).samples if one.name.endswith("_count")]
    assert len(counts) == 5
    assert sum(one.value for one in counts) == 200
    folded = {one.labels["navigation"]: one.value for one in counts if one.labels["route"] == "other"}
    assert folded.keys() == {"hard", "soft"}


@pytest.fixture
def source() -> Iterator[RumSource]:
    """A receiver that listens on a free port."""
    source = RumSource(SETTINGS)
    source.start()
    yield source
    source.close()


def test_the_source_receives_and_is_scraped(source: RumSource) -> None:
    """Beacons sent over the network are on the next page, and the page says the collector succeeded."""

    async def send() -> bytes:
        assert source.address
        reader, writer = await asyncio.open_connection(*source.address)
        writer.write(request(beacon(vitals={"ttfb": 150}), "connection: close"))
        answer = await asyncio.wait_for(reader.read(), 30)
        writer.close()
        return answer

    assert asyncio.run(send()).startswith(b"HTTP/1.1 204 ")
    run = run_once(source, Deadline.after(30))
    assert [outcome.error_class for outcome in run.outcomes()] == [None]
    assert b'browser_ttfb_seconds_bucket{source="field",navigation="hard",' in render(run.families())


def test_settings_refuse_what_cannot_be_meant() -> None:
    """An origin with a path or a star, a route that is none, and an unknown network are named."""
    for wrong in (
        {"origins": ["https://crm.example/path"]}, {"origins": ["*"]}, {"routes": ["contacts"]},
        {"trusted_proxies": ["10.0.0.0/99"]}, {"client_rate": 0}, {"listen": "9691"},
    ):  # fmt: skip
        with pytest.raises(Exception, match=next(iter(wrong))):
            decode(wrong, RumSettings, "settings.yaml", entry="rum")
    given = {"origins": ["https://crm.example:8443"], "routes": ["/contacts/:id"]}
    assert decode(given, RumSettings, "settings.yaml", entry="rum").origins == ("https://crm.example:8443",)
