"""components.yaml: what depends on its entries is there, and a mistake in one is named."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import get_args

import pytest

from exporters.core.errors import ConfigError
from exporters.core.strict_yaml import read_yaml
from exporters.registry import COMPONENTS_FILE, EXPORTERS
from exporters.synthetic.dependency import Dependency
from pantrywatch.config.components import components
from pantrywatch.config.settings import FEEDING_SECTIONS, Settings
from pantrywatch.containers.init import USERS
from tools.record_metrics import _TITLES, OURS


def _with(folder: Path, old: str, new: str) -> Path:
    text = COMPONENTS_FILE.read_text()
    assert old in text
    file = folder / "components.yaml"
    file.write_text(text.replace(old, new))
    return file


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        (
            "    container: exporter-cache\n",
            "",
            "components[1].container: expected the exporter's service in docker-com",
        ),
        ("alert_components: [cache]", "alert_components: [cach]", "components[1].alert_components[0]: expected"),
        ("data_sources: [host]", "data_sources: [hots]", "components[2].data_sources[0]: expected"),
        ("- job: cache", "- job: database", "components[1].job"),
        ("needs: [database]", "needs: [databas]", "dependencies.pooler.needs[0]: expected"),
    ],
)
def test_a_mistake_is_named(tmp_path: Path, old: str, new: str, fault: str) -> None:
    """What an entry lacks or refers to in vain is a problem with its place."""
    with pytest.raises(ConfigError) as raised:
        components(_with(tmp_path, old, new))
    assert fault in str(raised.value)


def test_each_exporter_has_what_a_new_one_needs() -> None:
    """A field of the settings, the section of its data sources, a user in the containers, a title for its metrics."""
    jobs = {component.job for component in components().exporters()}
    assert jobs <= {field.name for field in dataclasses.fields(Settings)}
    assert {name for names in components().sections_of().values() for name in names} == set(FEEDING_SECTIONS)
    assert jobs <= USERS.keys()
    assert jobs < set(OURS) == _TITLES.keys()


def test_the_map_has_the_parts_that_checks_and_causes_name() -> None:
    """A check can connect to each part, and to `other`; each cause of a part is one that rules count."""
    parts = components().dependencies
    assert {*parts, "other"} == set(get_args(Dependency))
    causes = (COMPONENTS_FILE.resolve().parents[1] / "alert_rules/generated/causes.yml").read_text()
    assert all(f"cause: {part.cause}\n" in causes for part in parts.values() if part.cause)


def test_the_exporters_are_read_without_yaml() -> None:
    """Each process finds the exporters by the layout of the file: they are those that a reader of YAML finds."""
    assert list(EXPORTERS) == [one["job"] for one in read_yaml(COMPONENTS_FILE)["components"] if one["exporter"]]
