"""`up --ha`: what the two of each run from, and what cannot be a pair."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest
import yaml

from exporters.core.access import WebSettings
from exporters.core.errors import ConfigError
from pantrywatch.cli import main
from pantrywatch.config.scale import Remote, Scale
from pantrywatch.config.settings import Settings, read_settings
from pantrywatch.generate.render import render
from pantrywatch.native.addresses import Addresses
from pantrywatch.native.configuration import (
    Options,
    component_environment,
    native_layout,
    read_settings_for,
    settings_environment,
)
from pantrywatch.native.pair import PAIR, require_rules_evaluated, with_pair
from pantrywatch.native.state_dir import ROOT, State

_ADDRESSES = Addresses(40000)
_PROGRAMS = ROOT / "provisioning/native"


def _options(folder: Path, *, pair: bool = True) -> Options:
    state = State(folder / "state")
    state.prepare()
    return Options(state, _ADDRESSES, pair=pair)


def test_both_replicas_run_from_the_same_files(tmp_path: Path) -> None:
    """Prometheus accepts the configuration of both; they send to both Alertmanagers, and write to the store."""
    settings = with_pair(read_settings(ROOT / "settings.yaml"), _ADDRESSES)
    files = render(settings, native_layout(_options(tmp_path), ROOT / "settings.yaml", browser=True))
    for replica in ("prometheus", "prometheus-b"):
        file = tmp_path / f"{replica}.yml"
        file.write_text(files[f"prometheus/{replica}.yml"])
        checked = ["promtool", "check", "config", "--syntax-only", str(file)]
        subprocess.run(checked, check=True, capture_output=True, timeout=100)
        document = yaml.safe_load(file.read_text())
        assert document["global"]["external_labels"] == {"cluster": "demo", "replica": replica}
        assert document["remote_write"][0]["url"] == "http://127.0.0.1:59428/api/v1/write"
    groups = json.loads(files["prometheus/targets/alertmanager.json"])
    assert [group["targets"] for group in groups] == [["127.0.0.1:59093"], ["127.0.0.1:59097"]]


@pytest.mark.parametrize("pair", [False, True])
def test_every_variable_of_the_program_files_is_set(tmp_path: Path, *, pair: bool) -> None:
    """With a pair and without: supervisord would refuse to start for one that is missing."""
    environment = component_environment(_options(tmp_path, pair=pair), None)
    environment |= settings_environment(read_settings(ROOT / "settings.yaml"))
    text = "".join((_PROGRAMS / name).read_text() for name in ("stack.conf", *(["ha.conf"] if pair else [])))
    assert set(re.findall(r"%\(ENV_(\w+)\)s", text)) <= environment.keys()
    assert environment["PW_MESH"].startswith("--cluster.listen-address=")
    assert environment["PW_MESH"].endswith("59099" if pair else "=")


def test_no_two_components_share_a_port() -> None:
    """Those of a pair differ from all others, in the stack that is next to it, too."""
    ports = [_ADDRESSES.port(name) for name in (*PAIR, "prometheus", "alertmanager", "boards", "postgres", "crm")]
    assert len(set(ports)) == len(ports)


def test_commands_ask_the_store_of_a_pair(tmp_path: Path) -> None:
    """Its URL is remembered with `cluster`; without a pair, or where the file is damaged, it is Prometheus."""
    state, settings = _options(tmp_path).state, with_pair(Settings("my crm"), _ADDRESSES)
    state.remember(_ADDRESSES, WebSettings(), settings.scale)
    assert state.queried() == "http://127.0.0.1:59428?extra_label=cluster=my+crm"
    for text in ("", "\0\0"):
        state.write("run/queried", text)
        assert state.queried() == "http://127.0.0.1:59090"
    state.remember(_ADDRESSES, WebSettings())
    assert state.queried() == "http://127.0.0.1:59090"


def test_commands_know_both_of_a_pair(tmp_path: Path) -> None:
    """Both Prometheus and both Alertmanagers are remembered, with TLS as https; without a pair the only ones."""
    state, settings = _options(tmp_path).state, with_pair(Settings("demo"), _ADDRESSES)
    state.remember(_ADDRESSES, WebSettings(), settings.scale)
    assert state.evaluating() == ["http://127.0.0.1:59090", "http://127.0.0.1:59091"]
    assert state.notifying() == ["http://127.0.0.1:59093", "http://127.0.0.1:59097"]
    web = WebSettings(certificate_file="a.pem", key_file="a.key")
    state.remember(_ADDRESSES, web, settings.scale)
    assert state.evaluating() == ["https://127.0.0.1:59090", "https://127.0.0.1:59091"]
    state.remember(_ADDRESSES, WebSettings())
    assert (state.evaluating(), state.notifying()) == (["http://127.0.0.1:59090"], ["http://127.0.0.1:59093"])


def test_the_stores_of_the_settings_are_written_to_as_well() -> None:
    """The name of the installation and its own stores stay; the pair's own is added."""
    own = Remote("https://store.example/api/v1/write")
    scale = with_pair(Settings("demo", scale=Scale("crm", remote_write=(own,))), _ADDRESSES).scale
    assert scale is not None
    assert (scale.cluster, scale.remote_write[0], len(scale.remote_write)) == ("crm", own, 2)


def test_what_cannot_be_a_pair_is_refused(tmp_path: Path) -> None:
    """A login, which the store does not have; rules that nothing here evaluates; a past of one Prometheus alone."""
    file = tmp_path / "settings.yaml"
    file.write_text("environment: test\nhost: {}\nweb: {names: [a]}\n")
    with pytest.raises(ConfigError, match=r"web: expected no section web with `--ha`"):
        read_settings_for(_options(tmp_path), {"PW_SETTINGS": str(file)})
    vmalert = Scale("crm", remote_write=(Remote("http://a/w"),), evaluate="vmalert")
    with pytest.raises(ConfigError, match=r"scale\.evaluate: expected prometheus: `up` does not run vmalert"):
        require_rules_evaluated(Settings("test", scale=vmalert), "settings.yaml")
    assert main(["--state", str(tmp_path / "state"), "up", "--ha", "--history", "35d"]) == 2
