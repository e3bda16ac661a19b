"""What Grafana finds at its start: data sources, folders and the home board, the same in containers and natively."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml

from tools.board_lint.model import GENERATED, ROOT, read_boards

NATIVE = (ROOT / "provisioning/native/grafana.conf").read_text()
COMPOSE: dict[str, str] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]["grafana"][
    "environment"
]
HOME = "GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"


def _provisioned(kind: str, key: str) -> list[dict[str, Any]]:
    files = sorted((ROOT / "provisioning/grafana" / kind).glob("*.yml"))
    return [entry for file in files for entry in yaml.safe_load(file.read_text())[key]]


def test_data_sources_have_fixed_uids_and_are_read_only() -> None:
    """Prometheus is the default, Alertmanager is beside it; nobody edits either in Grafana."""
    sources = {source["uid"]: source for source in _provisioned("datasources", "datasources")}
    assert {uid: source["type"] for uid, source in sources.items()} == {
        "crm-prometheus": "prometheus",
        "crm-alertmanager": "alertmanager",
    }
    assert [uid for uid, source in sources.items() if source.get("isDefault")] == ["crm-prometheus"]
    assert not any(source["editable"] for source in sources.values())
    assert sources["crm-alertmanager"]["jsonData"] == {"implementation": "prometheus"}


def test_grafana_knows_the_scrape_interval() -> None:
    """$__rate_interval is made of it: with another one, rates would miss samples."""
    (prometheus,) = (each for each in _provisioned("datasources", "datasources") if each["type"] == "prometheus")
    scraped = yaml.safe_load((ROOT / "provisioning/prometheus/prometheus.yml").read_text())["global"]["scrape_interval"]
    assert prometheus["jsonData"]["timeInterval"] == scraped


def test_boards_come_from_files_only() -> None:
    """One provider, a Grafana folder for each folder of files, nothing saved or deleted in Grafana."""
    (provider,) = _provisioned("dashboards", "providers")
    assert provider["options"] == {"path": "$PANTRYWATCH_BOARDS_FOLDER", "foldersFromFilesStructure": True}
    assert (provider["allowUiUpdates"], provider["disableDeletion"]) == (False, True)
    assert "folder" not in provider


def test_uids_and_titles_are_unique() -> None:
    """Grafana refuses a second board of one uid, and of one title in a folder."""
    boards = read_boards()
    assert len({board.uid for board in boards}) == len(boards)
    assert len({(board.folder, board.source["title"]) for board in boards}) == len(boards)


@pytest.mark.parametrize("way", ["native", "compose"])
def test_grafana_opens_with_the_overview(way: str) -> None:
    """The home board is a file that is there, below the folder that the boards come from."""
    environment = COMPOSE if way == "compose" else dict(re.findall(r'(\w+)="([^"]*)"', NATIVE))
    folder = environment["PANTRYWATCH_BOARDS_FOLDER"]
    assert environment[HOME].startswith(folder + "/")
    assert (GENERATED / environment[HOME].removeprefix(folder + "/")).is_file()


def test_every_variable_of_the_files_is_set() -> None:
    """Grafana puts in an empty text for a variable that nobody sets: the folder of the boards is the only one."""
    texts = [file.read_text() for file in (ROOT / "provisioning/grafana").rglob("*.yml")]
    used = {name for text in texts for name in re.findall(r"\$(PANTRYWATCH_\w+)", text)}
    assert used == {"PANTRYWATCH_BOARDS_FOLDER"}
    assert used == set(re.findall(r'(PANTRYWATCH_\w+)="', NATIVE))
    assert used <= COMPOSE.keys()
