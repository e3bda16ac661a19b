"""The machine's name as the host exporter tells it, on the machine itself and in a container on it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from exporters.host.procfs import Roots
from exporters.host.system import uname


def _node_name(root: str) -> str:
    (family,) = uname(Roots("/proc", "/sys", root))
    ((values, _),) = family.samples
    labels = dict(zip(family.label_names, values, strict=True))
    assert labels["release"] == os.uname().release
    return labels["nodename"]


@pytest.mark.parametrize("text", ["kitchen\n", "# set by the installer\n\n kitchen \n", "kitchen"])
def test_in_a_container_the_name_is_the_hosts(tmp_path: Path, text: str) -> None:
    """Where the host's root is mounted, the name is the one in its /etc/hostname, as hostname(5) reads it."""
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/hostname").write_text(text)
    assert _node_name(f"{tmp_path}/") == "kitchen"


@pytest.mark.parametrize("text", [None, "", "# nobody\n"])
def test_without_that_file_the_name_is_the_one_the_kernel_tells(tmp_path: Path, text: str | None) -> None:
    """A host that keeps no name in a file costs the name, not the metric."""
    if text is not None:
        (tmp_path / "etc").mkdir()
        (tmp_path / "etc/hostname").write_text(text)
    assert _node_name(str(tmp_path)) == os.uname().nodename


def test_on_the_machine_itself_the_kernel_is_asked() -> None:
    """The name in use, which may be another than the one in the file."""
    assert _node_name("/") == os.uname().nodename
