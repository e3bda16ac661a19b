"""Mounts with strange names, in a mount namespace of their own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import pytest

from tests.support.exporter import ROOT, Page, page

# Each mount is a tmpfs; the source of the second is empty, as the kernel allows.
SCRIPT = """
set -e
cd "$1"
mkdir "$(printf 'data\\r')" m1 "$(printf 'gr\\374n')" 'gr\\xfcn' "$(printf 'a b\\tc\\302\\205d')" "$(printf 'e\\nf')"
mount -t tmpfs -o size=64k carriage "$(printf 'data\\r')"
mount -t tmpfs -o size=64k '' m1
mount -t tmpfs -o size=64k latin "$(printf 'gr\\374n')"
mount -t tmpfs -o size=64k literal 'gr\\xfcn'
mount -t tmpfs -o size=64k blanks "$(printf 'a b\\tc\\302\\205d')"
mount -t tmpfs -o size=64k newline "$(printf 'e\\nf')"
exec "$2" -m exporters --settings "$3" check filesystem
"""


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> tuple[Page, str]:
    """What the exporter says of them, and where they are."""
    unshare = [shutil.which("unshare") or "unshare", "--mount", "--pid", "--fork", "--mount-proc"]
    allowed = subprocess.run([*unshare, "true"], capture_output=True, text=True, check=False)
    if allowed.returncode:
        print(f"no mount namespace here: {allowed.stderr.strip()}")
        pytest.skip(f"no mount namespace here: {allowed.stderr.strip()}")
    folder = tmp_path_factory.mktemp("mounts")
    (folder / "settings.yaml").write_text("environment: test\nhost: {}\n")
    (folder / "in").mkdir()
    command = [*unshare, "sh", "-c", SCRIPT, "sh", str(folder / "in"), sys.executable, str(folder / "settings.yaml")]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, capture_output=True, check=False, env=environment, timeout=60, cwd=ROOT)
    assert b"filesystem: ok" in done.stdout, done.stdout[-2000:] + done.stderr[-2000:]
    return page(done.stdout.decode()), str(folder / "in")


@pytest.mark.parametrize(
    ("device", "name"),
    [
        ("carriage", "data\r"),
        ("", "m1"),
        ("latin", "gr\\xfcn"),
        ("literal", "gr\\x5cxfcn"),
        ("blanks", "a b\tc\x85d"),
        ("newline", "e\nf"),
    ],
)
def test_a_mount_of_any_name_has_its_size(shown: tuple[Page, str], device: str, name: str) -> None:
    """The kernel is asked for the very bytes; the label says them, and no two mounts share one."""
    found, folder = shown
    labels = {"device": device, "mountpoint": f"{folder}/{name}", "fstype": "tmpfs"}
    assert found.value("node_filesystem_size_bytes", **labels) == 65536
    assert found.value("node_filesystem_device_error", **labels) == 0


def test_all_other_mounts_are_there(shown: tuple[Page, str]) -> None:
    """The root among them; and nothing is a mount that is none."""
    points = {labels["mountpoint"] for labels, _ in shown[0].samples("node_filesystem_size_bytes")}
    assert "/" in points
    assert all(point.startswith("/") for point in points)
