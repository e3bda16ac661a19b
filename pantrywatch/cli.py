"""The command `pantrywatch`, which `./run` calls.

Each command imports its libraries when it is called: the container image has those of the small services, but not
those of the generators and the supervisor.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from exporters import __version__
from exporters.core.errors import ConfigError, ConfigProblem
from exporters.core.exit_codes import run_command
from pantrywatch.analysis.commands import add_analysis_commands, prometheus_of, web_of
from pantrywatch.build.commands import add_build_command
from pantrywatch.config.shared_files import checkout, shared_files
from pantrywatch.native.commands import add_stack_commands, running_state, state_of

if TYPE_CHECKING:
    from pantrywatch.config.settings import Settings
    from pantrywatch.web.prometheus import Prometheus


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit code: 0 ok, 1 something failed, 2 configuration error, nothing started."""
    options = parser().parse_args(arguments)
    return run_command(lambda: _run(options))


def _run(options: argparse.Namespace) -> int:
    try:
        return int(options.run(options))
    except ModuleNotFoundError as error:
        if error.name is None or error.name.split(".")[0] in ("exporters", "pantrywatch"):
            raise
        expected = f"expected the Python package {error.name}: pip install 'pantrywatch[services,stack]'"
        raise ConfigError([ConfigProblem("command line", options.command, expected)]) from None


def parser() -> argparse.ArgumentParser:
    """Return the command line parser. Its help names no path of this machine, as completion is generated from it."""
    top = argparse.ArgumentParser(prog="pantrywatch", description="Run and build pantrywatch")
    here = checkout() or Path.cwd()
    top.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    top.add_argument(
        "--state", type=Path, metavar="DIR",
        help="(default: $PANTRYWATCH_STATE, or below .pantrywatch in the checkout a directory for each settings file)",
    )  # fmt: skip
    commands = top.add_subparsers(required=True, metavar="COMMAND", dest="command")
    add_stack_commands(commands)
    add_build_command(commands)
    command = commands.add_parser("inbox", help="receive messages by mail and webhook, and show them")
    command.add_argument("--listen", default="127.0.0.1:8025", metavar="HOST:PORT", help="(default: %(default)s)")
    command.add_argument("--smtp", default="127.0.0.1:1025", metavar="HOST:PORT", help="(default: %(default)s)")
    command.add_argument("--keep", type=Path, metavar="DIR", help="keep messages here across restarts")
    command.add_argument(
        "--settings", type=Path, metavar="FILE", help="settings file with the `web` section for its page"
    )
    command.set_defaults(run=_inbox)
    command = commands.add_parser("boards", help="draw the boards from a running Prometheus, without Grafana")
    command.add_argument("--prometheus", metavar="URL", help="(default: the one of the stack in the state directory)")
    command.add_argument("--listen", metavar="HOST:PORT", help="(default: 127.0.0.1:19200)")
    command.add_argument(
        "--settings",
        type=Path,
        metavar="FILE",
        help="settings file with the `web` section for this page and Prometheus",
    )
    command.set_defaults(run=_boards)
    _add_settings(commands)
    command = commands.add_parser("secrets", help="create missing secret files")
    command.add_argument("--folder", type=Path, default=here / "secrets", metavar="DIR", help="(default: secrets)")
    command.set_defaults(run=_secrets)
    command = commands.add_parser("prepare", help="write the secrets and configuration of the containers")
    for name in ("settings", "provisioning", "rules", "given"):
        command.add_argument(f"--{name}", type=Path, required=True, metavar="PATH")
    command.add_argument("--data", type=Path, metavar="PATH", help="folder with the volumes whose owners to set")
    command.add_argument("volume", type=Path, metavar="DIR")
    command.set_defaults(run=_prepare)
    command = commands.add_parser("heartbeat", help="on another machine: notify when Watchdog stops arriving")
    command.add_argument("--settings", type=Path, default=Path("settings.yaml"), metavar="FILE")
    command.add_argument("--listen", default="127.0.0.1:9095", metavar="HOST:PORT", help="(default: %(default)s)")
    command.add_argument("--keep", type=Path, metavar="DIR", help="keep the time of the last beat here across restarts")
    command.set_defaults(run=_heartbeat)
    _add_scheduler(commands)
    command = commands.add_parser("mark", help="mark a deployment on the boards and in messages")
    command.add_argument("version", metavar="VERSION", help="for example v1.4.2")
    command.add_argument("--at", metavar="TIME", help="2026-11-24T18:30:00+01:00 or Unix seconds (default: now)")
    command.add_argument("--file", type=Path, metavar="FILE", help="(default: deployments.txt in the state directory)")
    command.set_defaults(run=_mark)
    command = commands.add_parser("statement", help="print the text of a statement, by its query ID on the boards")
    command.add_argument("queryid", type=int, metavar="QUERYID")
    command.add_argument("--settings", type=Path, default=Path("settings.yaml"), metavar="FILE")
    command.set_defaults(run=_statement)
    add_analysis_commands(commands)
    _add_capacity(commands)
    return top


def _add_scheduler(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    command = commands.add_parser("scheduler", help="keep what was measured of each target each day, for 13 months")
    command.add_argument("--settings", type=Path, default=Path("settings.yaml"), metavar="FILE")
    command.add_argument("--prometheus", default="127.0.0.1:9090", metavar="HOST:PORT", help="(default: %(default)s)")
    command.add_argument("--listen", default="127.0.0.1:9096", metavar="HOST:PORT", help="(default: %(default)s)")
    command.add_argument("--keep", type=Path, metavar="DIR", help="keep the days here across restarts")
    effects = "measure the effect of what `advise --apply` recorded here, after a day"
    command.add_argument("--applied", type=Path, metavar="FILE", help=effects)
    command.set_defaults(run=_scheduler)


def _add_capacity(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    command = commands.add_parser("capacity", help="load a server of the settings to find the rate that it sustains")
    command.add_argument("--settings", type=Path, metavar="FILE", help="(default: that of the demo)")
    command.add_argument("--url", metavar="URL", help="the server, one of `capacity.origins` (default: the only one)")
    command.add_argument("--rpm", type=float, metavar="N", help="requests a minute to begin with (default: the target)")
    command.add_argument("--minutes", type=float, default=3.0, metavar="N", help="length of the proof (default: 3)")
    command.add_argument(
        "--step-seconds", type=float, default=20.0, metavar="N", help="length of each step of the search (default: 20)"
    )
    command.add_argument("--version", metavar="VERSION", help="the version under test (default: the newest mark)")
    command.add_argument("--file", type=Path, metavar="FILE", help="(default: capacity.prom in the state directory)")
    command.add_argument(
        "--textfile", type=Path, metavar="FILE", help="a second copy, for a node_exporter's textfile directory"
    )
    command.set_defaults(run=_capacity)


def _add_settings(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    command = commands.add_parser(
        "validate", help="check a settings file, rights on its servers, and which targets the application can feed"
    )
    command.add_argument("file", type=Path, metavar="FILE")
    command.set_defaults(run=_validate)
    command = commands.add_parser("settings", help="check a settings file, or bring an older one up to date")
    actions = command.add_subparsers(required=True, metavar="ACTION")
    action = actions.add_parser("validate", help="check the whole file and every file it refers to")
    action.add_argument("file", type=Path, metavar="FILE")
    action.set_defaults(run=_validate_settings)
    action = actions.add_parser("migrate", help="print the file with this version's keys, comments included")
    action.add_argument("file", type=Path, metavar="FILE")
    action.set_defaults(run=_migrate_settings)


def _inbox(options: argparse.Namespace) -> int:
    from pantrywatch.inbox.serve import serve_inbox

    return serve_inbox(options.listen, options.smtp, options.keep, options.settings)


def _boards(options: argparse.Namespace) -> int:
    from pantrywatch.boards.board_files import BoardFiles
    from pantrywatch.boards.serve import serve_boards

    web = web_of(options)
    shared = shared_files()
    catalogue = BoardFiles(shared / "dashboards/generated", shared / "docs")
    listen = options.listen or running_state(options).addresses().address("boards")
    return serve_boards(listen, prometheus_of(options), catalogue, web)


def _validate(options: argparse.Namespace) -> int:
    from pantrywatch.build.settings_file import validate_installation

    return validate_installation(options.file, shared_files() / "targets.yaml")


def _validate_settings(options: argparse.Namespace) -> int:
    from pantrywatch.build.settings_file import validate_settings

    return validate_settings(options.file, shared_files() / "targets.yaml")


def _migrate_settings(options: argparse.Namespace) -> int:
    from pantrywatch.build.settings_file import migrate_settings

    return migrate_settings(options.file)


def _secrets(options: argparse.Namespace) -> int:
    from pantrywatch.web.secret_files import INSTALLATION, make_missing

    made = make_missing(options.folder, INSTALLATION)
    print(f"{options.folder}: {'made ' + ', '.join(made) if made else 'nothing was missing'}")
    return 0


def _prepare(options: argparse.Namespace) -> int:
    from pantrywatch.containers.init import Sources, prepare
    from pantrywatch.containers.summary import next_steps

    sources = Sources(options.settings, options.provisioning, options.rules, options.given, options.data)
    print(next_steps(prepare(sources, options.volume)))
    return 0


def _heartbeat(options: argparse.Namespace) -> int:
    from pantrywatch.heartbeat.serve import serve_heartbeat

    return serve_heartbeat(options.settings, options.listen, options.keep)


def _scheduler(options: argparse.Namespace) -> int:
    from pantrywatch.analysis.advise.follow_up import FollowUp
    from pantrywatch.analysis.report.mailing import mailing_of
    from pantrywatch.scheduler.serve import Task, serve_scheduler

    def tasks_of(settings: Settings, file: Path, prometheus: Prometheus, keep: Path | None) -> Iterator[Task]:
        if settings.report is not None:
            yield from mailing_of(settings, file, prometheus, shared_files(), keep)
        if options.applied is not None:
            yield FollowUp(file, options.applied)

    return serve_scheduler(options.settings, options.prometheus, options.listen, options.keep, tasks_of)


def _mark(options: argparse.Namespace) -> int:
    from exporters.deployments import MARKS_FILE
    from pantrywatch.native.marks import mark

    return mark(options.file or state_of(options).file(MARKS_FILE), options.version, options.at)


def _statement(options: argparse.Namespace) -> int:
    from pantrywatch.native.statement_text import print_statement

    return print_statement(options.queryid, options.settings)


def _capacity(options: argparse.Namespace) -> int:
    from pantrywatch.capacity.command import capacity

    return capacity(options)
