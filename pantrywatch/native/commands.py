"""The commands of the stack on this machine: `up`, `down`, `status`, `reset`; and which state directory is meant."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from pathlib import Path

from exporters.core.errors import ConfigError, ConfigProblem
from pantrywatch.config.shared_files import checkout
from pantrywatch.native.installations import directory_for, running_directory
from pantrywatch.native.state_dir import State

_WHICH = "the stack of this settings file (default: the one that runs)"


def add_stack_commands(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the commands to the command line."""
    command = commands.add_parser("up", help="run the whole stack here until Ctrl-C")
    command.add_argument("--settings", type=Path, metavar="FILE", help="watch what FILE names, without the demo")
    command.add_argument("--port-offset", type=int, default=0, metavar="N", help="add N to every port")
    command.add_argument(
        "--speed", type=_speed, default=1, metavar="N",
        help="divide all waiting times of rules and notifications by N, at most 30",
    )  # fmt: skip
    command.add_argument(
        "--require-reachable",
        action="store_true",
        help="refuse to start while a server that FILE names does not respond",
    )
    command.add_argument(
        "--history", type=_days, metavar="DAYS",
        help="with the demo, at its first start: make up a past of so many days, as 35d",
    )  # fmt: skip
    command.add_argument(
        "--ha", action="store_true", help="two Prometheus and two Alertmanagers, with VictoriaMetrics as the store"
    )
    command.set_defaults(run=_up)
    command = commands.add_parser("down", help="stop the stack")
    command.add_argument("--settings", type=Path, metavar="FILE", help=_WHICH)
    command.set_defaults(run=_down)
    command = commands.add_parser("status", help="show the components and their state")
    command.add_argument("--settings", type=Path, metavar="FILE", help=_WHICH)
    command.set_defaults(run=_status)
    command = commands.add_parser("reset", help="delete the data of the demo, or of one installation")
    command.add_argument("--settings", type=Path, metavar="FILE", help="the data of this installation, not of the demo")
    command.add_argument("--yes", action="store_true", help="do not ask")
    command.set_defaults(run=_reset)
    for name, run, what in (
        ("backup", _backup, "write days of the targets, marks and silences into an archive"),
        ("restore", _restore, "put what `backup` wrote into the state directory of a stopped stack"),
    ):
        command = commands.add_parser(name, help=what)
        command.add_argument("file", type=Path, metavar="FILE", help="such as pantrywatch.tar.gz")
        command.add_argument("--settings", type=Path, metavar="FILE", help="of this installation, not of the demo")
        command.set_defaults(run=run)


def _up(options: argparse.Namespace) -> int:
    if checkout() is None:
        expected = "expected a checkout: the stack on this machine runs from one, with ./run up"
        raise ConfigError([ConfigProblem("command line", "up", expected)])
    from pantrywatch.native import stack
    from pantrywatch.native.addresses import Addresses, require_valid_offset
    from pantrywatch.native.configuration import Options
    from pantrywatch.native.time_scale import Speed

    require_valid_offset(options.port_offset)
    _require_demo_for_history(options)
    settings = options.settings.resolve() if options.settings else None
    state = state_of_installation(options, settings)
    speed = Speed(options.speed)
    wanted = Options(
        state,
        Addresses(options.port_offset),
        settings,
        speed,
        require_reachable=options.require_reachable,
        history_days=options.history,
        pair=options.ha,
    )
    return stack.up(wanted)


def _require_demo_for_history(options: argparse.Namespace) -> None:
    """Raise ConfigError where a made-up past would not fit what is measured afterwards."""
    if options.history is None:
        return
    if options.settings is not None:
        expected = "expected no --settings with it: a past is made up for the demo only, never for a real CRM"
        raise ConfigError([ConfigProblem("command line", "--history", expected)])
    if options.speed != 1:
        expected = "expected no --speed with it: windows of other lengths would not fit what was recorded"
        raise ConfigError([ConfigProblem("command line", "--history", expected)])
    if options.ha:
        expected = "expected no --ha with it: boards of a pair read the store, which would not have the past"
        raise ConfigError([ConfigProblem("command line", "--history", expected)])


def _down(options: argparse.Namespace) -> int:
    from pantrywatch.native import stack

    return stack.down(state_of(options))


def _status(options: argparse.Namespace) -> int:
    from pantrywatch.native import stack

    return stack.status(state_of(options))


def _reset(options: argparse.Namespace) -> int:
    from pantrywatch.native.reset import reset

    return reset(state_of_installation(options, options.settings), confirmation("reset", yes=options.yes))


def confirmation(entry: str, *, yes: bool) -> Callable[[str], bool]:
    """Return a function that asks a question on the terminal; with `yes` the answer is given.

    It raises ConfigError, naming the entry of the command line, where there is neither.
    """

    def confirm(question: str) -> bool:
        if yes:
            return True
        if not sys.stdin.isatty():
            raise ConfigError([ConfigProblem("command line", entry, "expected --yes, or a terminal for the question")])
        return input(question).strip().lower() in ("y", "yes")

    return confirm


def _backup(options: argparse.Namespace) -> int:
    from pantrywatch.native.backup import backup

    return backup(state_of_installation(options, options.settings), options.file)


def _restore(options: argparse.Namespace) -> int:
    from pantrywatch.native.backup import restore

    return restore(state_of_installation(options, options.settings), options.file)


def _speed(text: str) -> int:
    speed = int(text) if text.isdigit() else 0
    if not 1 <= speed <= 30:
        raise argparse.ArgumentTypeError(f"expected a whole number from 1 to 30, got {text!r}")
    return speed


def _days(text: str) -> int:
    digits = text.removesuffix("d")
    days = int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 4 else 0
    if not 14 <= days <= 60:
        raise argparse.ArgumentTypeError(f"expected 14d to 60d, got {text!r}")
    return days


def state_of(options: argparse.Namespace) -> State:
    """Return the state directory of the stack meant: the one that runs, unless an option names it."""
    settings = getattr(options, "settings", None)
    return state_of_installation(options, settings) if settings else running_state(options)


def running_state(options: argparse.Namespace) -> State:
    """Return the state directory of the stack that runs, unless an option names it."""
    return State(_given_state(options) or running_directory(_default_state()))


def state_of_installation(options: argparse.Namespace, settings: Path | None) -> State:
    """Return the state directory of a settings file, or of the demo, whether it runs or not."""
    return State(_given_state(options) or directory_for(_default_state(), settings))


def _given_state(options: argparse.Namespace) -> Path | None:
    given = options.state or os.environ.get("PANTRYWATCH_STATE")
    return Path(given).resolve() if given else None


def _default_state() -> Path:
    return ((checkout() or Path.cwd()) / ".pantrywatch").resolve()
