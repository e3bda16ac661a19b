"""`./run bench rules`: how long the rules of the targets take on a full month of history; nothing is asserted.

Prometheus starts on 31 days of made-up events of every target, a value each five minutes as `slo.sampled` records them
and one a minute in the last day, and evaluates the groups as shipped, but every ten seconds so that nobody waits.
Columns: rules, median and longest evaluation, and the interval the group has when shipped. The last line is the dearest
query of the boards, the month to date of all targets.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import requests
import yaml

from pantrywatch.config.targets import read_targets
from pantrywatch.native.state_dir import ROOT
from tests.support.servers import free_port, process, wait_until
from tools.board_lint.model import read_boards

_DAYS = 31
_EVALUATIONS = 6
EVERY_SECONDS = 10


def main() -> None:
    """Run the benchmark and print its table."""
    argparse.ArgumentParser(prog="./run bench rules", description=__doc__).parse_args()
    with tempfile.TemporaryDirectory(prefix="pantrywatch-bench-") as folder:
        _measure(Path(folder))


def _measure(folder: Path) -> None:
    _write_history(folder)
    shipped = yaml.safe_load((ROOT / "alert_rules/generated/targets.yml").read_text())
    faster = {"groups": [{**group, "interval": f"{EVERY_SECONDS}s"} for group in shipped["groups"]]}
    (folder / "rules.yml").write_text(yaml.safe_dump(faster))
    files = ["rules.yml", str(ROOT / "alert_rules/generated/installation.yml")]
    (folder / "prometheus.yml").write_text(yaml.safe_dump({"rule_files": files}))
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    arguments = [
        "prometheus",
        f"--config.file={folder}/prometheus.yml",
        f"--storage.tsdb.path={folder}/data",
        "--storage.tsdb.retention.time=40d",
        f"--web.listen-address=127.0.0.1:{port}",
    ]
    with process(arguments, folder / "prometheus.log"):
        wait_until(lambda: _is_ready(url), 60, "Prometheus on a month of history")
        times = group_times(url, [group["name"] for group in shipped["groups"]])
        samples = _ask(
            url,
            "sum(count_over_time(slo:events_total:sampled5m[30d]) + count_over_time(slo:events_bad:sampled5m[30d]))",
        )
        start = time.perf_counter()
        _ask(url, _month_to_date())
        asked = time.perf_counter() - start
    print(f"30 days of history: {float(samples[0]['value'][1]):,.0f} samples")
    print(f"{'group':<22} {'rules':>5} {'median ms':>10} {'longest ms':>10} {'shipped every':>14}")
    for group in shipped["groups"]:
        taken = times[group["name"]]
        row = f"{group['name']:<22} {len(group['rules']):>5} {1e3 * statistics.median(taken):>10.1f}"
        print(f"{row} {1e3 * max(taken):>10.1f} {group['interval']:>14}")
    print(f"{'month to date':<22} {1:>5} {1e3 * asked:>10.1f}")


def _month_to_date() -> str:
    (board,) = (board for board in read_boards() if board.uid == "crm-targets")
    return next(query.expr for query in board.queries() if "[31d:" in query.expr)


def _ask(url: str, expr: str) -> list[dict[str, Any]]:
    answer = requests.get(f"{url}/api/v1/query", params={"query": expr}, timeout=60)
    answer.raise_for_status()
    result: list[dict[str, Any]] = answer.json()["data"]["result"]
    return result


def _write_history(folder: Path) -> None:
    page = folder / "history.txt"
    with page.open("w") as file:
        file.writelines(_lines(int(time.time())))
    command = ["promtool", "tsdb", "create-blocks-from", "openmetrics", "--max-block-duration=96h", str(page), "data"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    page.unlink()


def _lines(now: int) -> Iterator[str]:
    """Yield a month of events in OpenMetrics: a hundred of five minutes, one in fifty bad every sixth time."""
    for series, step, seconds in (("sampled5m", 300, _DAYS * 86400), ("increase5m", 60, 86400)):
        for which in ("total", "bad"):
            name = f"slo:events_{which}:{series}"
            yield f"# TYPE {name} gauge\n"
            for labels in _label_sets():
                for number, second in enumerate(range(now - seconds, now, step)):
                    value = 100 if which == "total" else 2 * (number % 6 == 0)
                    yield f"{name}{labels} {value} {second}\n"
    yield "# EOF\n"


def _label_sets() -> list[str]:
    return [
        f'{{target="{target.id}",layer="{target.layer}",sloth_id="crm-{target.id}",sloth_service="crm",sloth_slo="{target.id}"}}'
        for target in read_targets(ROOT / "targets.yaml").targets
        if target.kind != "capacity"
    ]


def _is_ready(url: str) -> bool:
    try:
        return requests.get(f"{url}/-/ready", timeout=5).ok
    except requests.ConnectionError:
        return False


def group_times(url: str, names: list[str]) -> dict[str, list[float]]:
    """Return the evaluation times in seconds of each group; the first, on a cold cache, is among them."""
    seen: dict[str, dict[str, float]] = {}
    deadline = time.monotonic() + (_EVALUATIONS + 3) * EVERY_SECONDS + 60
    while time.monotonic() < deadline:
        groups: list[dict[str, Any]] = requests.get(f"{url}/api/v1/rules", timeout=30).json()["data"]["groups"]
        for group in groups:
            if not group["lastEvaluation"].startswith("0001"):
                seen.setdefault(group["name"], {})[group["lastEvaluation"]] = group["evaluationTime"]
        if all(len(seen.get(name, {})) >= _EVALUATIONS for name in names):
            break
        time.sleep(1)
    return {name: list(times.values()) for name, times in seen.items()}


if __name__ == "__main__":
    main()
