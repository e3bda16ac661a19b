"""The commands that ask a running Prometheus (`explain`, `report`, `gate`, `target try`, `baseline`), and `advise`.

As in pantrywatch/cli.py each imports its libraries when it is called.
"""

from __future__ import annotations

import argparse
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from exporters.core.access import WebSettings
from pantrywatch.config.shared_files import shared_files
from pantrywatch.native.commands import confirmation, running_state, state_of

if TYPE_CHECKING:
    from pantrywatch.web.prometheus import Prometheus


def add_analysis_commands(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the commands to the command line."""
    _add_explain(commands)
    _add_report(commands)
    _add_gate(commands)
    _add_advise(commands)
    _add_target(commands)
    _add_baseline(commands)


def _add_prometheus(command: argparse.ArgumentParser) -> None:
    command.add_argument("--prometheus", metavar="URL", help="(default: the one of the stack in the state directory)")
    command.add_argument(
        "--settings", type=Path, metavar="FILE", help="settings file with the `web` section for Prometheus"
    )


def _add_explain(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    command = commands.add_parser("explain", help="print what is known about an alert: since when, why, what first")
    command.add_argument("alert", metavar="ALERT", help="its name, for example CrmApiSlow")
    command.add_argument("--json", action="store_true", help="as one JSON document")
    _add_prometheus(command)
    command.set_defaults(run=_explain)


def _add_report(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    command = commands.add_parser("report", help="write what was promised against what was measured as one page")
    command.add_argument(
        "--period", choices=("7d", "30d", "month"), default="30d",
        help="the days until now, or this month; on its first day the month before (default: %(default)s)",
    )  # fmt: skip
    command.add_argument("--into", type=Path, required=True, metavar="FILE", help="the page, such as report.html")
    command.add_argument("--pdf", type=Path, metavar="FILE", help="also as PDF, printed by Chromium")
    command.add_argument("--status", type=Path, metavar="FILE", help="also a status page for everybody")
    command.add_argument("--locale", choices=("en", "de"), default="en", help="(default: %(default)s)")
    command.add_argument(
        "--days", type=Path, metavar="FILE",
        help="the long memory of the scheduler, for the status page (default: that of the stack)",
    )  # fmt: skip
    _add_prometheus(command)
    command.add_argument(
        "--alertmanager", metavar="URL",
        help="whose silences are acknowledgments (default: that of the stack, without --prometheus)",
    )  # fmt: skip
    command.set_defaults(run=_report)


def _add_gate(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    command = commands.add_parser("gate", help="judge a deployment: is any promise worse than before and last week?")
    command.add_argument("--since", required=True, metavar="MARK", help="a version of `mark`, or a time as there")
    command.add_argument(
        "--wait", type=float, default=0.0, metavar="MINUTES", help="wait for enough data, at most so long after it"
    )
    command.add_argument(
        "--require",
        action="append",
        default=[],
        metavar="ID",
        help="too little data on this target is exit code 3, too",
    )
    command.add_argument("--json", action="store_true", help="as one line of JSON")
    command.add_argument("--github", action="store_true", help="annotate the run of GitHub Actions, too")
    command.add_argument("--junit", type=Path, metavar="FILE", help="write a JUnit report, too")
    _add_prometheus(command)
    command.set_defaults(run=_gate)


def _add_advise(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    command = commands.add_parser("advise", help="print what to change in the databases: indexes, vacuums, settings")
    command.add_argument("--server", metavar="NAME", help="one server of the section `database` (default: all)")
    command.add_argument(
        "--unused-days", type=float, default=7.0, metavar="N",
        help="an index without a scan in so many days is unused (default: %(default)g)",
    )  # fmt: skip
    command.add_argument("--json", action="store_true", help="as one JSON document")
    command.add_argument(
        "--apply", metavar="ID", help="follow this advice, where the section `advise` of the settings allows it"
    )
    command.add_argument("--yes", action="store_true", help="do not ask before it is applied")
    command.add_argument(
        "--settings", type=Path, default=Path("settings.yaml"), metavar="FILE", help="(default: settings.yaml)"
    )
    command.add_argument(
        "--prometheus", metavar="URL", help="(default: the one of the stack in the state directory, if it runs)"
    )
    command.set_defaults(run=_advise)


def _add_target(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    command = commands.add_parser("target", help="try targets before they are promised")
    actions = command.add_subparsers(required=True, metavar="ACTION")
    action = actions.add_parser("try", help="print what changed targets would have burnt and paged over 30 days")
    action.add_argument("file", type=Path, metavar="FILE", help="a copy of targets.yaml with what is new or changed")
    _add_prometheus(action)
    action.set_defaults(run=_try_targets)


def _add_baseline(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    command = commands.add_parser("baseline", help="how often what is usual is wrong here; snapshots of the targets")
    actions = command.add_subparsers(required=True, metavar="ACTION")
    test = actions.add_parser("test", help="print of each series how often an hour was outside its band by chance")
    test.set_defaults(run=_test_baselines)
    save = actions.add_parser("save", help="keep what was measured of all targets on the last 14 days")
    save.set_defaults(run=_save_baseline)
    compare = actions.add_parser("compare", help="print which targets are better or worse than in a snapshot")
    compare.set_defaults(run=_compare_baseline)
    for action in (save, compare):
        action.add_argument("name", metavar="NAME")
    compare.add_argument(
        "--since", metavar="TIME", help="2026-11-24 or Unix seconds (default: the end of the snapshot)"
    )
    for action in (test, save, compare):
        _add_prometheus(action)


def _explain(options: argparse.Namespace) -> int:
    from pantrywatch.analysis.explain.command import print_explanation
    from pantrywatch.analysis.explain.questions import QUESTION_SECONDS

    prometheus = prometheus_of(options, QUESTION_SECONDS)
    return print_explanation(prometheus, options.alert, shared_files() / "docs/runbooks", as_json=options.json)


def _report(options: argparse.Namespace) -> int:
    from exporters.applied_advice import APPLIED_FILE
    from pantrywatch.analysis.report.command import Wanted, write_report
    from pantrywatch.config.settings import read_settings
    from pantrywatch.scheduler.memory import FILE

    environment = read_settings(options.settings).environment if options.settings else ""
    state = None if options.prometheus else running_state(options)
    memory = state.file(f"scheduler/{FILE}") if state else None
    wanted = Wanted(
        options.period,
        options.locale,
        options.into,
        options.pdf,
        options.status,
        options.days or memory,
        environment,
        [options.alertmanager] if options.alertmanager else state.notifying() if state else [],
        web_of(options),
        state.file(APPLIED_FILE) if state else None,
    )
    return write_report(prometheus_of(options), shared_files(), wanted)


def _gate(options: argparse.Namespace) -> int:
    from pantrywatch.analysis.gate.command import Gate, Outputs, run_gate

    gate = Gate(options.since, options.wait, options.require)
    outputs = Outputs(options.json, options.github, options.junit)
    return run_gate(prometheus_of(options), shared_files(), gate, outputs)


def _advise(options: argparse.Namespace) -> int:
    from exporters.applied_advice import APPLIED_FILE
    from pantrywatch.analysis.advise.apply_command import apply_by_id
    from pantrywatch.analysis.advise.command import Wanted, print_advice

    applied = state_of(options).file(APPLIED_FILE)
    prometheus = prometheus_of(options)
    wanted = Wanted(options.settings, options.server, options.unused_days, options.json, prometheus, applied)
    if options.apply is None:
        return print_advice(wanted)
    return apply_by_id(wanted, options.apply, confirmation("--apply", yes=options.yes), asks=not options.yes)


def _try_targets(options: argparse.Namespace) -> int:
    from pantrywatch.build.target_try import try_targets

    return try_targets(options.file, shared_files(), prometheus_of(options))


def _test_baselines(options: argparse.Namespace) -> int:
    from pantrywatch.analysis.baseline.judge import print_test
    from pantrywatch.config.settings import read_settings

    holidays = read_settings(options.settings).holidays if options.settings else ()
    return print_test(prometheus_of(options), map(date.fromisoformat, holidays))


def _save_baseline(options: argparse.Namespace) -> int:
    from pantrywatch.analysis.baseline.compare import save_snapshot
    from pantrywatch.analysis.baseline.snapshot import file_of

    file = file_of(state_of(options).path, options.name)
    return save_snapshot(file, prometheus_of(options))


def _compare_baseline(options: argparse.Namespace) -> int:
    from pantrywatch.analysis.baseline.compare import print_comparison
    from pantrywatch.analysis.baseline.snapshot import file_of
    from pantrywatch.native.marks import seconds_of

    since = None if options.since is None else seconds_of(options.since, "--since")
    file = file_of(state_of(options).path, options.name)
    return print_comparison(file, prometheus_of(options), since)


def prometheus_of(options: argparse.Namespace, timeout_seconds: float | None = None) -> Prometheus:
    """Return the Prometheus to ask, with its login: the one named, or that of the stack that runs, and its pair."""
    from pantrywatch.web.prometheus import Prometheus

    state, limit = running_state(options), {} if timeout_seconds is None else {"timeout_seconds": timeout_seconds}
    evaluating = state.evaluating() if options.prometheus is None else _pair(options.settings)
    return Prometheus(options.prometheus or state.queried(), web_of(options), evaluating=evaluating, **limit)


def web_of(options: argparse.Namespace) -> WebSettings:
    """Return the login of that Prometheus."""
    if options.settings:
        return _web(options.settings)
    return WebSettings() if options.prometheus else running_state(options).web()


def _pair(settings_file: Path | None) -> list[str]:
    from pantrywatch.config.settings import read_settings

    if settings_file is None:
        return []
    settings = read_settings(settings_file)
    return settings.scale.evaluating(settings.web or WebSettings()) if settings.scale else []


def _web(settings_file: Path) -> WebSettings:
    from pantrywatch.config.settings import read_settings
    from pantrywatch.web.config_files import require_valid, rooted

    web = read_settings(settings_file).web or WebSettings()
    require_valid(web, str(settings_file))
    return rooted(web, settings_file)
