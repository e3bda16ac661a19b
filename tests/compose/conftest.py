"""A Docker Engine of the tests' own with every image of the compose file; one for all tests of a file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.compose.compose_project import Stack, clone_into
from tests.compose.engine import Engine, engine, why_not
from tests.compose.stand_in_images import build_ours, build_stand_ins


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """An engine with all images, and a clean clone; nothing is up yet."""
    if reason := why_not():
        print(f"no Docker Engine can run here: {reason}")
        pytest.skip(reason)
    folder = tmp_path_factory.mktemp("compose")
    with engine(folder / "engine") as own:
        clone = clone_into(folder / "clone")
        _build(own, folder, clone)
        yield Stack(own, clone)


def _build(own: Engine, folder: Path, clone: Path) -> None:
    services = yaml.safe_load((clone / "docker-compose.yml").read_text())["services"]
    images = {service["image"].partition(":")[0].rpartition("/")[2]: service["image"] for service in services.values()}
    ours = {name: images.pop(name) for name in ("exporter", "demo", "browser")}
    (folder / "build").mkdir()
    build_stand_ins(own, folder / "build", images)
    build_ours(own, folder / "build", clone, ours)
