"""Generated YAML means the same to readers of YAML 1.1 (PyYAML) and of YAML 1.2 (ruamel.yaml; as Kubernetes and Go)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import bcrypt
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from pantrywatch.build.bundle import bundle
from pantrywatch.config.settings import read_settings
from pantrywatch.config.yaml_output import dump
from pantrywatch.containers.layout import container_layout
from pantrywatch.generate.render import render
from tests.support.properties import cases
from tests.support.settings_files import company_settings

ROOT = Path(__file__).parents[3]
_COMMITTED = sorted(
    str(file.relative_to(ROOT))
    for folder in ("alert_rules/generated", "provisioning")
    for file in (ROOT / folder).rglob("*.y*ml")
)
_BY_HAND = ["docker-compose.yml", "components.yaml", "settings.yaml", "targets.yaml"]


def _as_1_1(text: str) -> Any:
    return yaml.load(text, yaml.CSafeLoader)


def _as_1_2(text: str) -> Any:
    return YAML(typ="safe", pure=True).load(text)


@pytest.mark.parametrize("name", [*_COMMITTED, *_BY_HAND])
def test_a_committed_file_means_the_same_to_both(name: str) -> None:
    """Rules, configuration, provisioning, the examples for Compose and Kubernetes, and the files at the top level."""
    text = (ROOT / name).read_text()
    assert _as_1_2(text) == _as_1_1(text)


def test_the_configuration_of_an_installation_means_the_same_to_both(tmp_path: Path) -> None:
    """Also where a name in the settings is a text that one of them takes for a number."""
    web = (
        'users: [{name: "0o17", password_hash_file: secrets/hash}]\n'
        'client: {username: "0o17", password_file: secrets/p}'
    )
    file = company_settings(tmp_path / "company", dsn="host=127.0.0.1", web=web)
    file.write_text(file.read_text().replace("database-team", '"08"').replace("production", '"1e3"'))
    (tmp_path / "company/secrets/hash").write_text(bcrypt.hashpw(b"secret", bcrypt.gensalt(4)).decode())
    (tmp_path / "company/secrets/p").write_text("secret")
    written = {
        name: text
        for name, text in bundle(ROOT, file, "127.0.0.1:9690", tmp_path / "out").items()
        if name.endswith((".yml", ".yaml")) and "/rules/" not in name
    }
    assert {Path(name).name for name in written} >= {"prometheus.yml", "alertmanager.yml", "boards.yml", "web.yml"}
    assert "name: 08 by email" in written["alertmanager/alertmanager.yml"]
    for name, text in written.items():
        assert _as_1_2(text) == _as_1_1(text), name


def test_the_configuration_of_containers_means_the_same_to_both(tmp_path: Path) -> None:
    """What the first container writes, from the same settings."""
    file = company_settings(tmp_path / "company", dsn="host=127.0.0.1")
    file.write_text(file.read_text().replace("database-team", '"08"').replace("production", '"1e3"'))
    written = render(read_settings(file), container_layout())
    found = [name for name in written if name.endswith((".yml", ".yaml"))]
    assert len(found) >= 4
    for name in found:
        assert _as_1_2(written[name]) == _as_1_1(written[name]), name


# What the two versions, or two readers of one version, take for something else than a text.
_TRAPS = st.sampled_from(
    ["08", "007", "0o7", "0o8", "0b1", "0x1F", "1_000", "1:30", "190:20:30", "1e3", "1E+3", "1.e3", ".5",
     "-.5e-3", "+1", "1.", "-_", "08_", "._", "-", "+", ".", "12.30", "yes", "No", "on", "OFF", "y", "N", "true",
     "FALSE", "null",
     "Null", "~", "", ".inf", "-.INF", ".NaN", "2026-11-28", "2026-11-28 10:00:00", "2026-11-28T10:00:00Z",
     "=", "<<", "!", "!!int 1", "&a", "*a", "%x", "@x", "`x`", "---", "...", "- a", "? a", "a: b", "a #b",
     "#a", "[a]", "{a: b}", "|", ">-", " a", "a ", "a\n", "\na", "a\n\n b", "\t", "a\tb", "a\x85b", "\u2028",
     "a\u2029\nb", "\ufeffa", "é", "\x00", "\x7f", "😀", "'", '"', "\\"]
)  # fmt: skip
_DIGITS = st.text("0123456789_:.eExXoObB+-", min_size=1, max_size=8)
_TEXTS = st.one_of(_TRAPS, _DIGITS, st.text(st.characters(codec="utf-8"), max_size=20))
_VALUES = st.one_of(_TEXTS, st.integers(), st.booleans(), st.none(), st.floats(allow_nan=False))


@cases(150)
@given(st.recursive(_VALUES, lambda inner: st.lists(inner) | st.dictionaries(_TEXTS, inner), max_leaves=5))
def test_whatever_is_written_is_read_as_it_was_by_both(value: Any) -> None:
    """Labels, names and numbers of any form come back as they were, with their types."""
    text = dump({"value": value})
    for read in (_as_1_1, _as_1_2):
        found = read(text)["value"]
        assert found == value, (read.__name__, text)
        assert repr(found) == repr(value), (read.__name__, text)


@pytest.mark.parametrize(
    ("text", "written"), [("y", "'y'"), ("N", "'N'"), ("a\u2028b", r'"a\Lb"'), ("a\u0085\n", r'"a\N\n"')]
)
def test_what_neither_reader_here_minds_is_quoted_too(text: str, written: str) -> None:
    """The standard of 1.1 has y and n as booleans; three line breaks of 1.1 are none to a strict reader of 1.2."""
    assert dump({"a": text}) == f"a: {written}\n"
