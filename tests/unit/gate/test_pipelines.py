"""The gate in pipelines: the action for GitHub and the snippets of docs/gate.md."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest
import yaml

from pantrywatch.cli import parser
from pantrywatch.config.targets import read_targets

ROOT = Path(__file__).parents[3]
_ACTION = yaml.safe_load((ROOT / "provisioning/ci/action.yml").read_text())
_PAGE = (ROOT / "docs/gate.md").read_text()


def _step(tmp_path: Path, code: int, **inputs: str) -> tuple[int, list[str]]:
    """Return the exit code of the action's step, and what it gave `run`, which ends with a code."""
    (tmp_path / "run").write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" >{tmp_path}/given\nexit {code}\n')
    (tmp_path / "run").chmod(0o755)
    (tmp_path / "provisioning/ci").mkdir(parents=True, exist_ok=True)
    step = _ACTION["runs"]["steps"][0]
    values = {name: str(one.get("default", "")) for name, one in _ACTION["inputs"].items()} | inputs
    names = {variable: re.findall(r"\${{ inputs\.([\w-]+) }}", text)[0] for variable, text in step["env"].items()}
    assert set(names.values()) == _ACTION["inputs"].keys()
    environment = {variable: values[name] for variable, name in names.items()}
    environment |= {"GITHUB_ACTION_PATH": str(tmp_path / "provisioning/ci"), "PATH": os.environ["PATH"]}
    command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]]
    done = subprocess.run(command, env=environment, timeout=60, check=False)
    return done.returncode, (tmp_path / "given").read_text().splitlines()


def test_the_action_gives_each_input_as_one_argument(tmp_path: Path) -> None:
    """Whatever a text holds, nothing of it is run; the command takes every option that the action gives."""
    since = '2026-11-24T18:30:00Z"; touch /tmp/no; $(touch /tmp/no)'
    code, given = _step(tmp_path, 0, since=since, prometheus="http://a", require="lcp api-latency", settings="s.yaml")
    assert code == 0
    options = parser().parse_args(given)
    assert (options.command, options.since, options.wait, options.require) == (
        "gate",
        since,
        15,
        ["lcp", "api-latency"],
    )
    assert (options.github, str(options.junit), str(options.settings)) == (True, "gate.xml", "s.yaml")


@pytest.mark.parametrize(
    ("code", "wanted", "ends"), [(0, "fail", 0), (1, "pass", 1), (2, "pass", 2), (3, "pass", 0), (3, "fail", 3)]
)
def test_the_action_ends_as_the_gate_does(tmp_path: Path, code: int, wanted: str, ends: int) -> None:
    """Worse fails, an error fails, and too little data does as the input says."""
    inputs = {"since": "v1", "prometheus": "http://a", "too-little-data": wanted}
    assert _step(tmp_path, code, **inputs)[0] == ends


def test_the_snippets_of_the_page_are_yaml_that_the_command_takes() -> None:
    """Each snippet is read, and the options in it exist; the inputs of the action are its own."""
    snippets = [yaml.safe_load(text) for text in re.findall(r"```yaml\n(.*?)```", _PAGE, re.DOTALL)]
    assert len(snippets) == 2
    lines = [
        line for snippet in snippets for line in re.findall(r"run gate ([^']*)", yaml.safe_dump(snippet, width=1000))
    ]
    assert lines
    for line in lines:
        assert set(re.findall(r"--[a-z]+", line)) <= set(re.findall(r"--[a-z]+", _usage()))
    with_action = [
        step["with"] for step in snippets[0]["jobs"]["gate"]["steps"] if "with" in step and "since" in step["with"]
    ]
    assert with_action
    assert all(used.keys() <= _ACTION["inputs"].keys() for used in with_action)


def test_the_page_names_every_option_and_known_targets() -> None:
    """Nothing that the command takes is missing, and its examples are about targets that exist."""
    options = set(re.findall(r"--[a-z]+", _usage())) - {"--help"}
    assert {option for option in options if f"`{option}" not in _PAGE} == set()
    known = {target.id for target in read_targets(ROOT / "targets.yaml").targets}
    assert set(re.findall(r"^([a-z-]+)  +(?:worse|better|same|too little data) ", _PAGE, re.MULTILINE)) <= known


def _usage() -> str:
    commands = next(action for action in parser()._actions if action.dest == "command")  # noqa: SLF001 - no public way
    assert isinstance(commands.choices, dict)
    return str(commands.choices["gate"].format_help())
