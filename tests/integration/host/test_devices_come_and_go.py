"""Network devices that go away while they are read, in a network namespace of their own."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.support.exporter import ROOT

PROGRAM = """
import subprocess, sys, threading
from exporters.core.deadline import Deadline
from exporters.core.scrape import run_once
from exporters.host.settings import HostSettings
from exporters.host.source import HostSource

over = threading.Event()

def change():
    for _ in range(40):
        subprocess.run(["ip", "link", "add", "one", "type", "veth", "peer", "name", "two"], check=True)
        subprocess.run(["ip", "link", "del", "one"], check=True)
    over.set()

threading.Thread(target=change).start()
source, runs = HostSource(HostSettings()), 0
while not over.is_set():
    for collector in ("netclass", "netdev"):
        run = run_once(source, Deadline.after(10), collector)
        failed = [outcome for outcome in run.outcomes() if outcome.error_class]
        assert not failed, failed
    assert any(sample[0] == ("lo",) for family in run.families() for sample in family.samples)
    runs += 1
print(runs)
"""


def test_a_device_that_goes_away_meanwhile_costs_itself_only() -> None:
    """While one comes and goes all the time no look fails, and loopback is in each."""
    unshare = ["unshare", "--net", "--mount", "sh", "-c", 'mount -t sysfs sysfs /sys && exec "$@"', "sh"]
    allowed = subprocess.run(
        [*unshare, "ip", "link", "add", "one", "type", "veth"], capture_output=True, text=True, check=False
    )
    if allowed.returncode:
        print(f"no network namespace here: {allowed.stderr.strip()}")
        pytest.skip(f"no network namespace here: {allowed.stderr.strip()}")
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [*unshare, sys.executable, "-c", PROGRAM]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment, timeout=100)
    assert done.returncode == 0, done.stderr[-2000:]
    assert int(done.stdout) > 5
