"""What the groups of baselines take in a real Prometheus with 36 days of history of every target."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import requests
import yaml

from pantrywatch.config.targets import read_targets
from pantrywatch.native.state_dir import ROOT
from tests.bench.rules import EVERY_SECONDS, group_times
from tests.support.filled_prometheus import filled_prometheus

_DAYS = 36
_STEP_SECONDS = 300
# Of what the rules read over hours and days, besides the values.
_RECORDED_DAYS = 8


def print_cost() -> None:
    """Print median and longest evaluation of each group, and of all of them a minute."""
    shipped = yaml.safe_load((ROOT / "alert_rules/generated/baselines.yml").read_text())["groups"]
    with tempfile.TemporaryDirectory(prefix="pantrywatch-bench-") as folder:
        rules = Path(folder) / "rules.yml"
        faster = [{**group, "interval": f"{EVERY_SECONDS}s"} for group in shipped]
        rules.write_text(yaml.safe_dump({"groups": faster}))
        files = [str(rules), str(ROOT / "alert_rules/generated/installation.yml")]
        page = "".join(_lines(int(time.time())))
        with filled_prometheus(Path(folder), page, {"rule_files": files}) as url:
            begin, used = time.monotonic(), _processor_seconds(url)
            times = group_times(url, [group["name"] for group in shipped])
            cycles = (time.monotonic() - begin) / EVERY_SECONDS
            used = (_processor_seconds(url) - used) / cycles
    print(f"\n{'group':<22} {'rules':>5} {'median ms':>10} {'longest ms':>10} {'shipped every':>14}")
    for group in shipped:
        taken = times[group["name"]]
        row = f"{group['name']:<22} {len(group['rules']):>5} {1e3 * statistics.median(taken):>10.1f}"
        print(f"{row} {1e3 * max(taken):>10.1f} {group['interval']:>14}")
    cycle = sum(statistics.median(times[group["name"]]) for group in shipped)
    print(f"all, in the minute that evaluates them: {1e3 * cycle:.1f} ms, one of five")
    print(f"processor time of the whole server for each such minute: {1e3 * used:.1f} ms")


def _processor_seconds(url: str) -> float:
    page = requests.get(f"{url}/metrics", timeout=30).text
    return next(float(line.split()[1]) for line in page.splitlines() if line.startswith("process_cpu_seconds_total "))


def _lines(now: int) -> Iterator[str]:
    """Yield what the rules have recorded, in OpenMetrics: the same events each day."""
    history, recorded = (range(now - days * 86400, now, _STEP_SECONDS) for days in (_DAYS, _RECORDED_DAYS))
    of_signals = dict.fromkeys(("crm:signal:hour", "crm:signal_events:hour"), history)
    of_signals |= dict.fromkeys(("crm:signal_to_usual:ratio", "crm:signal_deviation:sigmas"), recorded)
    for name, times in of_signals.items():
        yield f"# TYPE {name} gauge\n"
        for labels in _label_sets():
            yield from (f"{name}{{{labels}}} {1000 + second % 86400 // 100} {second}\n" for second in times)
    for name in ("slo:events_total:sum1h", "slo:events_bad:sum1h", "slo:events_total:increase5m"):
        yield f"# TYPE {name} gauge\n"
        for target in _targets():
            yield from (f'{name}{{target="{target}"}} 1000 {second}\n' for second in range(now - 7200, now + 300, 60))
    yield "# EOF\n"


def _targets() -> list[str]:
    return [target.id for target in read_targets(ROOT / "targets.yaml").targets if target.kind != "capacity"]


def _label_sets() -> Iterator[str]:
    for signal, kind in (("traffic", "count"), ("bad events", "share")):
        yield from (f'signal="{signal}",kind="{kind}",target="{target}"' for target in _targets())
    for signal in ("connections", "cache clients"):
        yield from (f'signal="{signal}",kind="gauge",instance="server{number}"' for number in (1, 2))
