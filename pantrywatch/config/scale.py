"""The section `scale` of settings.yaml: two Prometheus, several Alertmanagers, and a store for what they measure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal
from urllib.parse import urlencode, urlsplit

from exporters.core.access import WebSettings
from exporters.core.decoder import Problems, RecordCheck
from exporters.core.field_checks import at_most_entries, expect_address, expect_http_url, matching, unique
from pantrywatch.config.application import Access, login_is_whole, one_way_in

_MOST_STORES, _MOST_PEERS = 4, 8
_LABEL = matching(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}", "at most 63 letters, digits and . _ - after the first")
Address = Annotated[str, expect_address]


def _expect_base_url(url: str) -> None:
    expect_http_url(url)
    if urlsplit(url).query or urlsplit(url).fragment:
        raise ValueError("expected a URL without a query: `cluster` is added to it")


def _https_for_certificates(url: str, ca_file: str | None, server_name: str | None) -> Problems:
    for name, value in (("ca_file", ca_file), ("server_name", server_name)):
        if value is not None and not url.lower().startswith("https:"):
            yield name, "expected an https URL with it: without TLS there is no certificate to verify"


@dataclass(frozen=True, slots=True)
class Remote:
    """A system that keeps samples, and how to log in there. Prometheus reads secret files at each request."""

    url: Annotated[str, "The whole URL, without credentials.", expect_http_url]
    ca_file: Annotated[str | None, "The CA that signed its certificate (PEM); default: the system's CAs."] = None
    server_name: Annotated[str | None, "The name in its certificate, where it is not the host of the URL."] = None
    username: Annotated[str | None, "The name to log in with."] = None
    password_file: Annotated[str | None, "The file with its password."] = None
    token_file: Annotated[str | None, "The file with a token, sent as `Authorization: Bearer …`."] = None

    CHECKS: ClassVar[tuple[RecordCheck, ...]] = (login_is_whole, one_way_in, _https_for_certificates)

    def access(self) -> Access:
        """Return how to log in there, as of an application's pages."""
        scheme: Literal["http", "https"] = "https" if self.url.lower().startswith("https:") else "http"
        return Access(scheme, self.ca_file, self.server_name, self.username, self.password_file, self.token_file)


@dataclass(frozen=True, slots=True)
class Store(Remote):
    """The system that boards read, with Prometheus' API: it has the samples of every replica."""

    url: Annotated[str, "The URL before `/api/v1`, without credentials and query.", _expect_base_url]


def _unique_urls(entries: Sequence[object]) -> Problems:
    yield from unique([getattr(entry, "url", None) for entry in entries], ".url")


def _named_replica(replica: str | None, replicas: tuple[str, ...]) -> Problems:
    if replicas and replica is None:
        yield "replica", "expected the name of this Prometheus: with `replicas` there are several"


def _written_first(store: Store | None, evaluate: str, remote_write: tuple[Remote, ...]) -> Problems:
    """Yield what reads a store into which nothing is written."""
    if remote_write:
        return
    if store is not None:
        yield "store", "expected remote_write with it: nothing is written to a store"
    if evaluate == "vmalert":
        yield "evaluate", "expected remote_write with vmalert, which reads the store, not Prometheus"


@dataclass(frozen=True, slots=True)
class Scale:
    """Beyond one Prometheus ([scale.md](scale.md)). Each of a pair has the same section, but for `replica`."""

    cluster: Annotated[
        str, "The name of this installation among all in a store: the label `cluster` of samples and alerts.", _LABEL
    ]
    replica: Annotated[
        str | None, "The name of this Prometheus, another one on each; dropped from alerts and before a store.",
    ] = None  # fmt: skip
    replicas: Annotated[
        tuple[Address, ...],
        "`host:port` of every Prometheus of the pair, this one too: each watches all of them.",
        at_most_entries(_MOST_PEERS, "addresses"), unique,
    ] = ()  # fmt: skip
    alertmanagers: Annotated[
        tuple[Address, ...],
        "`host:port` of every Alertmanager of the cluster: each Prometheus sends its alerts to all of them.",
        at_most_entries(_MOST_PEERS, "addresses"), unique,
    ] = ()  # fmt: skip
    remote_write: Annotated[
        tuple[Remote, ...],
        "The stores that Prometheus writes to, such as `http://victoria-metrics:8428/api/v1/write`.",
        at_most_entries(_MOST_STORES, "stores"), _unique_urls,
    ] = ()  # fmt: skip
    store: Annotated[Store | None, "What boards read in place of one Prometheus."] = None
    evaluate: Annotated[
        Literal["prometheus", "vmalert"],
        "What evaluates the rules, in one place only; `vmalert` (1.92 or later): Prometheus then has no rules.",
    ] = "prometheus"

    CHECKS: ClassVar[tuple[RecordCheck, ...]] = (_named_replica, _written_first)

    def accesses(self) -> list[tuple[str, Access]]:
        """Return entry of the settings and login of every system that the section names."""
        written = [(f"scale.remote_write[{number}]", one.access()) for number, one in enumerate(self.remote_write)]
        return [*written, *([("scale.store", self.store.access())] if self.store else [])]

    def queried(self) -> str:
        """Return the URL of the store as a command asks it; empty without a store, and where it has a login.

        Commands of a stack log in with `web`, as Prometheus' own client does.
        """
        is_open = self.store is not None and self.store.access() == Access()
        return f"{self.store.url}?{self.query_parameters()}" if self.store is not None and is_open else ""

    def evaluating(self, web: WebSettings) -> list[str]:
        """Return the URLs of the pair, whose login and TLS are those of the section `web`."""
        return [f"{'https' if web.tls else 'http'}://{address}" for address in self.replicas]

    def notifying(self, web: WebSettings) -> list[str]:
        """Return the URLs of the cluster of Alertmanagers, in the same way."""
        return [f"{'https' if web.tls else 'http'}://{address}" for address in self.alertmanagers]

    def query_parameters(self) -> str:
        """Return what each question to a store must have in its URL, so that no other installation answers it.

        VictoriaMetrics adds it to every selector; Prometheus ignores it.
        """
        return urlencode({"extra_label": f"cluster={self.cluster}"}, safe="=")
