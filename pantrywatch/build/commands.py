"""The command `build`: the committed files of a checkout, and what it writes into a folder.

As in pantrywatch/cli.py its libraries are imported when it is called.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from exporters.core.errors import ConfigError, ConfigProblem
from pantrywatch.config.shared_files import checkout, shared_files


def add_build_command(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the command line."""
    command = commands.add_parser(
        "build", help="generate rules, boards and configuration: the committed files of a checkout, or into a folder"
    )
    command.add_argument(
        "what", nargs="?", choices=["relabelling", "budgets", "kubernetes", "boards", "grafana-rules", "collectors"],
        help="relabelling: print the metric relabelling of the application, for a Prometheus that has its own "
        "configuration; into DIR are written, by budgets: the promised numbers for Lighthouse CI, size-limit and k6, "
        "by kubernetes: a kustomize base of this installation, by boards: the boards as Grafana imports them, "
        "by grafana-rules: the alerts for a Grafana that evaluates them itself, by collectors: configurations of Alloy "
        "and of the OpenTelemetry collector",
    )  # fmt: skip
    command.add_argument(
        "--servicemonitor", action="store_true", help="with relabelling: in the form of a ServiceMonitor or PodMonitor"
    )
    command.add_argument("--check", action="store_true", help="only check whether the committed files are current")
    command.add_argument("--into", type=Path, metavar="DIR", help="write the files of this installation into DIR")
    command.add_argument(
        "--settings",
        type=Path,
        metavar="FILE",
        help="with --into or relabelling: this installation (default: settings.yaml)",
    )
    command.add_argument(
        "--exporters", default="127.0.0.1:9690", metavar="HOST:PORT",
        help="with --into: where Prometheus finds the exporters (default: %(default)s)",
    )  # fmt: skip
    command.set_defaults(run=_build)


def _build(options: argparse.Namespace) -> int:
    from pantrywatch.build.bundle import write_bundle
    from pantrywatch.build.relabelling import print_relabelling
    from pantrywatch.build.repository import build

    if options.what == "relabelling":
        return print_relabelling(options.settings or Path("settings.yaml"), servicemonitor=options.servicemonitor)
    if options.what is not None:
        return _build_part(options)
    _require_build_options(options)
    shared = shared_files()
    if options.into is None:
        return build(shared, check=options.check)
    written = write_bundle(shared, options.settings or Path("settings.yaml"), options.exporters, options.into)
    print(f"{options.into}: {len(written)} files for Prometheus, Alertmanager and Grafana")
    return 0


def _build_part(options: argparse.Namespace) -> int:
    """Write what `build WHAT --into DIR` names."""
    if options.into is None:
        raise ConfigError([ConfigProblem("command line", "--into", f"expected a folder to write {options.what} into")])
    parts = {
        "budgets": _build_budgets,
        "kubernetes": _build_kubernetes,
        "boards": _build_boards,
        "grafana-rules": _build_grafana_rules,
        "collectors": _build_collectors,
    }
    parts[options.what](options)
    return 0


def _build_budgets(options: argparse.Namespace) -> None:
    from pantrywatch.build.budgets import write_budgets

    print(f"{options.into}: {', '.join(write_budgets(shared_files(), _settings(options), options.into))}")


def _build_kubernetes(options: argparse.Namespace) -> None:
    from pantrywatch.build.kubernetes import write_kubernetes

    written, commands = write_kubernetes(shared_files(), _settings(options), options.into)
    print(f"{options.into}: {len(written)} files; `kubectl apply -k {options.into}`")
    if commands:
        print("Secrets that have to be there:", *commands, sep="\n  ")


def _build_boards(options: argparse.Namespace) -> None:
    from pantrywatch.build.sharing import write_shared_boards

    print(f"{options.into}: {len(write_shared_boards(shared_files(), options.into))} boards")


def _build_grafana_rules(options: argparse.Namespace) -> None:
    from pantrywatch.build.grafana_rules import write_grafana_rules

    print(f"{options.into}: {len(write_grafana_rules(shared_files(), _settings(options), options.into))} groups")


def _build_collectors(options: argparse.Namespace) -> None:
    from pantrywatch.build.bundle import write_collectors

    print(f"{options.into}: {', '.join(write_collectors(_settings(options), options.exporters, options.into))}")


def _settings(options: argparse.Namespace) -> Path:
    return options.settings or Path("settings.yaml")


def _require_build_options(options: argparse.Namespace) -> None:
    """Raise ConfigError for conflicting options, and for an installed package that would overwrite itself."""
    problems = []
    if options.into is None and options.settings is not None:
        problems.append(ConfigProblem("command line", "--settings", "expected --into DIR with it"))
    if options.into is not None and options.check:
        problems.append(ConfigProblem("command line", "--check", "expected no --into DIR with it"))
    if options.into is None and checkout() is None:
        problems.append(ConfigProblem("command line", "build", "expected --into DIR: this is not a checkout"))
    if problems:
        raise ConfigError(problems)
