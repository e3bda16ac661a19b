"""The `cache` section of settings.yaml."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, ClassVar

from exporters.core.cardinality import OTHER
from exporters.core.decoder import Problems, RecordCheck
from exporters.core.field_checks import at_most_entries, between, expect, not_empty, unique, unique_names

_MOST_PREFIXES = 30
_LONGEST_PREFIX = 60
_IDS = re.compile(r"([^*]*\*:)*[^*]*\*?")  # an id ends where matching it needs no second try


def _certificate_with_key(certificate_file: str | None, key_file: str | None) -> Problems:
    if (certificate_file is None) != (key_file is None):
        given, missing = ("key_file", "certificate_file") if key_file is not None else ("certificate_file", "key_file")
        yield given, f"expected certificate_file and key_file together, got no {missing}"


def _one_address(url: str | None, url_file: str | None) -> Problems:
    if (url is None) == (url_file is None):
        yield "url", f"expected exactly one of url and url_file, got {'neither' if url is None else 'both'}"


def _expect_prefix(prefix: str) -> None:
    not_empty(prefix)
    expect(prefix != OTHER, "another text: `other` is the prefix of all remaining keys", prefix)
    expect(len(prefix) <= _LONGEST_PREFIX and prefix.isprintable(), f"at most {_LONGEST_PREFIX} characters", prefix)
    expect(_IDS.fullmatch(prefix), "each * to be followed by `:`, or to be the last character", prefix)


@dataclass(frozen=True, slots=True)
class SampleSettings:
    """Keys of one database of the server, some in each round: what takes the memory, by prefix and encoding."""

    prefixes: Annotated[
        tuple[Annotated[str, _expect_prefix], ...],
        "Values of the label `prefix`; a key counts for the first that it begins with, else for `other`. `*` is "
        f"an id, up to the next `:`. At most {_MOST_PREFIXES}.",
        at_most_entries(_MOST_PREFIXES, "prefixes"), unique,
    ] = ()  # fmt: skip
    interval_seconds: Annotated[float, "Seconds between two rounds.", between(10, 3600)] = 60.0
    keys: Annotated[int, "Keys that a round looks at; the next goes on where it ended.", between(100, 10_000)] = 1000
    database: Annotated[int, "The number of the database.", between(0, 1_000_000)] = 0


@dataclass(frozen=True, slots=True)
class CacheTarget:
    """One Redis or Valkey server; exactly one of `url` and `url_file` is given."""

    name: Annotated[str, "The value of the label `instance`; unique in the section.", not_empty]
    url: Annotated[str | None, "`redis://` or `rediss://` address without a password."] = None
    url_file: Annotated[str | None, "The file with the address, such as `redis://:password@host:6379/0`."] = None
    ca_file: Annotated[str | None, "The CA that signed the certificate (PEM); default: the system's CAs."] = None
    certificate_file: Annotated[str | None, "The client certificate (PEM), if the server requires one."] = None
    key_file: Annotated[str | None, "The private key of the client certificate (PEM)."] = None

    samples: Annotated[
        SampleSettings | None, "Looks at keys off the scrape; needs more rights. Default: no key is looked at."
    ] = None

    CHECKS: ClassVar[tuple[RecordCheck, ...]] = (_one_address, _certificate_with_key)


Section = Annotated[tuple[CacheTarget, ...], unique_names]


def from_environment(environment: Mapping[str, str]) -> Section:
    """Return one server named `default`, from PANTRYWATCH_CACHE_URL or the file PANTRYWATCH_CACHE_URL_FILE."""
    url, url_file = environment.get("PANTRYWATCH_CACHE_URL"), environment.get("PANTRYWATCH_CACHE_URL_FILE")
    return (CacheTarget("default", url, url_file),) if url or url_file else ()
