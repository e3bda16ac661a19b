"""Addresses of cache servers, from the settings."""

from __future__ import annotations

from pathlib import Path

import pytest

from exporters.cache.address import address_of, followed
from exporters.cache.settings import CacheTarget
from exporters.core.errors import ConfigError


def test_the_address_is_read_with_everything_percent_encoded(tmp_path: Path) -> None:
    """User, password, IPv6 host and default port come out of the URL in the file; the password's repr hides it."""
    (tmp_path / "url").write_text("redis://us%40er:p%2Fw@[::1]\n")
    address = address_of(CacheTarget("main", url_file="url"), "cache[0]", str(tmp_path / "settings.yaml"))
    assert (address.host, address.port, address.username, address.tls) == ("::1", 6379, "us@er", None)
    assert address.password is not None
    assert address.password.reveal() == "p/w"
    assert "p/w" not in repr(address)


def test_a_new_address_in_the_file_holds_from_the_next_connection_on(tmp_path: Path) -> None:
    """Host, port and user follow the file as the password does; while it is gone or wrong, the last address holds."""
    file = tmp_path / "url"
    file.write_text("redis://one:a@first:1\n")
    current = followed(CacheTarget("main", url_file="url"), "cache[0]", str(tmp_path / "settings.yaml"))
    file.write_text("redis://two:b@second:2\n")
    expected = ("second", 2, "two", None)
    for text in ("redis://two:b@second:2\n", "", "nonsense", None):
        file.unlink() if text is None else file.write_text(text)
        address = current()
        assert (address.host, address.port, address.username, address.tls) == expected
    with pytest.raises(ConfigError):
        followed(CacheTarget("main", url_file="url"), "cache[0]", str(tmp_path / "settings.yaml"))


@pytest.mark.parametrize("url", ["http://:topsecret@host", "topsecret", "redis://", "redis://:topsecret@host:port"])
def test_a_wrong_url_is_a_fault_that_does_not_show_it(url: str) -> None:
    """The error names file and entry and what was expected, never the text."""
    with pytest.raises(ConfigError) as caught:
        address_of(CacheTarget("main", url=url), "cache[0]", "settings.yaml")
    assert "settings.yaml: cache[0].url: expected redis://" in str(caught.value)
    assert "topsecret" not in str(caught.value)


def test_a_certificate_that_cannot_be_read_is_a_fault(tmp_path: Path) -> None:
    """A missing or broken PEM file stops the start."""
    (tmp_path / "broken.pem").write_text("not PEM")
    for name in ("missing.pem", "broken.pem"):
        target = CacheTarget("main", url="rediss://host", ca_file=name)
        with pytest.raises(ConfigError, match="expected readable PEM files"):
            address_of(target, "cache[0]", str(tmp_path / "settings.yaml"))
