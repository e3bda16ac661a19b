"""What a company asks for before it installs: license, version, how to report, completion."""

from __future__ import annotations

import re
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml

from exporters import __version__
from exporters import cli as exporter_cli
from pantrywatch import cli as operator_cli
from tools.board_lint.check import LINTER, OURS
from tools.generated import outputs
from tools.rule_lint.check import LINTS as RULE_LINTS

ROOT = Path(__file__).parents[2]


def test_the_license_is_one_and_whole() -> None:
    """LICENSE is the text of Apache-2.0, and pyproject.toml names it by its SPDX identifier."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["license"] == "Apache-2.0"
    assert project["license-files"] == ["LICENSE"]
    text = (ROOT / "LICENSE").read_text()
    assert "Apache License\n" in text
    assert "Version 2.0, January 2004" in text
    assert "END OF TERMS AND CONDITIONS" in text


@pytest.mark.parametrize("command", [exporter_cli, operator_cli], ids=["pantrywatch-exporter", "pantrywatch"])
def test_a_command_says_its_version(command: object, capsys: pytest.CaptureFixture[str]) -> None:
    """`--version` is the name and the package's version, and exit code 0."""
    with pytest.raises(SystemExit) as ended:
        command.main(["--version"])  # type: ignore[attr-defined]
    assert ended.value.code == 0
    assert re.fullmatch(rf"pantrywatch(-exporter)? {re.escape(__version__)}\n", capsys.readouterr().out)


def test_every_hardening_fact_has_a_test_that_exists() -> None:
    """A row of SECURITY.md names a file and a function in it."""
    rows = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", (ROOT / "SECURITY.md").read_text())
    assert len(rows) > 15
    missing = [name for file, name in rows if f"def {name}(" not in (ROOT / file).read_text()]
    assert missing == []


def test_what_the_tools_generate_is_current_and_names_no_path_of_the_machine_that_made_it() -> None:
    """Completion and docs/lints.md are what parsers and lints give."""
    for file, text in outputs().items():
        assert file.read_text() == text, f"{file.name}: ./run build"
        assert str(ROOT) not in text


def test_every_lint_has_a_reason_and_every_reason_a_lint() -> None:
    """The file of reasons holds each lint of rules and boards, and no other."""
    reasons = yaml.safe_load((ROOT / "tools/lints.yaml").read_text())
    assert reasons["rules"].keys() == RULE_LINTS.keys()
    assert reasons["boards"].keys() == (LINTER | OURS).keys()
    assert all(reason.endswith(".") for group in reasons.values() for reason in group.values())


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("pantrywatch bu", {"build"}),
        ("pantrywatch-exporter serve ca", {"cache"}),
        ("pantrywatch build --in", {"--into"}),
        ("pantrywatch-exporter --settings LICEN", {"LICENSE"}),
    ],
)
def test_bash_completes(line: str, expected: set[str]) -> None:
    """A command, an exporter, an option and a file, as bash itself finds them."""
    words = line.split()
    script = (
        f"source provisioning/completion/{words[0]}.bash\n"
        f"COMP_WORDS=({line}) COMP_CWORD={len(words) - 1} COMP_LINE='{line}' COMP_POINT={len(line)}\n"
        f"_shtab_{words[0].replace('-', '_')} {words[0]} {words[-1]} {words[-2]}\n"
        'printf "%s\\n" "${COMPREPLY[@]}"\n'
    )
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=False, cwd=ROOT)
    assert set(done.stdout.split()) == expected, done.stderr
