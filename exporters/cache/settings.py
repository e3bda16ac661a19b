"""The `cache` section of settings.yaml."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, ClassVar

from exporters.core.decoder import Problems, RecordCheck
from exporters.core.field_checks import not_empty, unique_names


def _certificate_with_key(certificate_file: str | None, key_file: str | None) -> Problems:
    if (certificate_file is None) != (key_file is None):
        given, missing = ("key_file", "certificate_file") if key_file is not None else ("certificate_file", "key_file")
        yield given, f"expected certificate_file and key_file together, got no {missing}"


def _one_address(url: str | None, url_file: str | None) -> Problems:
    if (url is None) == (url_file is None):
        yield "url", f"expected exactly one of url and url_file, got {'neither' if url is None else 'both'}"


@dataclass(frozen=True, slots=True)
class CacheTarget:
    """One Redis or Valkey server; exactly one of `url` and `url_file` is given."""

    name: Annotated[str, "The value of the label `instance`; unique in the section.", not_empty]
    url: Annotated[str | None, "`redis://` or `rediss://` address without a password."] = None
    url_file: Annotated[str | None, "The file with the address, such as `redis://:password@host:6379/0`."] = None
    ca_file: Annotated[str | None, "The CA that signed the certificate (PEM); default: the system's CAs."] = None
    certificate_file: Annotated[str | None, "The client certificate (PEM), if the server requires one."] = None
    key_file: Annotated[str | None, "The private key of the client certificate (PEM)."] = None

    CHECKS: ClassVar[tuple[RecordCheck, ...]] = (_one_address, _certificate_with_key)


Section = Annotated[tuple[CacheTarget, ...], unique_names]


def from_environment(environment: Mapping[str, str]) -> Section:
    """Return one server named `default`, from PANTRYWATCH_CACHE_URL or the file PANTRYWATCH_CACHE_URL_FILE."""
    url, url_file = environment.get("PANTRYWATCH_CACHE_URL"), environment.get("PANTRYWATCH_CACHE_URL_FILE")
    return (CacheTarget("default", url, url_file),) if url or url_file else ()
