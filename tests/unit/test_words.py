"""Texts that people read are plain English: no word of the style sheet's left column, one spelling."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]

# Pattern → what to write instead.
_STYLE = {
    r"\b(is|are|was|were|be|been|nobody|nothing) told\b(?! apart)|\btold (of|all|first|that|by|in|as|to)\b": "notified",
    r"\b(it|that|this|all|alert|fault|outage) (is|are|was) over\b|\bthat are over\b|\bover:": "resolved",
    r"\bours\b": "own",
    r"\bstands? (there|here|in|at|beside|on|still|twice|for)\b|\bstood\b": "is, exists",
    r"\bbeside\b": "next to, compared with",
    r"\bdear(er|est)?\b": "expensive",
    r"\bmend(s|ed|ing)?\b": "fix",
    r"\bwant of\b": "lack of",
    r"\banew\b": "again",
    r"\b(is|are|all|look|looks|being) well\b": "ok",
    r"\bthe begin\b": "start",
    r"\bhears?\b|\bspeaks? up\b|\b(falls?|fell|stays?) silent\b|\bsays? nothing of\b": "receive, notify, missing",
    r"\bstrangers?\b": "untrusted client, third party",
    r"(?<!there )(?<!There )\b(is|are) no (?!longer\b|more\b|data\b|match\b)[a-z]+": "is not a",
    r"\b(colour|behaviour|licence|initialis|recognis|organis(?!ation)|unauthoris|synchronis)": "US spelling",
    r"\bmay come along\b|\bas declared\b": "tolerated, as expected",
    r"\b(nobody's|anybody's) business\b": "excluded",
    r"\bkept back\b|\bkeeps? back\b": "inhibited",
}
_WORDS = [(re.compile(pattern, re.IGNORECASE), instead) for pattern, instead in _STYLE.items()]
# Words of others: the document's own statements, names of products, quoted output.
_CODE = re.compile(r"```.*?```|`[^`\n]*`|“[^”]*”|https?://\S+", re.DOTALL)


def _pages() -> Iterator[tuple[str, str]]:
    for file in (*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "findings").glob("*.md")):
        yield str(file.relative_to(ROOT)), _CODE.sub(" ", file.read_text())
    for file in (*(ROOT / "secrets").glob("*.md"), *(ROOT / "provisioning").rglob("*.md"), ROOT / "demo/README.md"):
        yield str(file.relative_to(ROOT)), _CODE.sub(" ", file.read_text())


def _rules() -> Iterator[tuple[str, str]]:
    for file in (ROOT / "alert_rules/generated").glob("*.yml"):
        for group in yaml.load(file.read_text(), yaml.CSafeLoader)["groups"]:
            for rule in group["rules"]:
                for name, text in rule.get("annotations", {}).items():
                    yield f"{rule['alert']}: {name}", _CODE.sub(" ", text)


def _texts(node: Any, place: str) -> Iterator[tuple[str, str]]:
    if isinstance(node, dict):
        for key, value in node.items():
            if key in {"title", "description", "noValue", "text", "displayName", "legendFormat"} and isinstance(
                value, str
            ):
                yield f"{place}: {node.get('title', '')} {key}", _CODE.sub(" ", value)
            yield from _texts(value, place)
    elif isinstance(node, list):
        for value in node:
            yield from _texts(value, place)


def _boards() -> Iterator[tuple[str, str]]:
    for file in (ROOT / "dashboards/generated").rglob("*.json"):
        yield from _texts(json.loads(file.read_text()), file.stem)


def _messages() -> Iterator[tuple[str, str]]:
    for file in (ROOT / "provisioning/alertmanager").rglob("*"):
        if file.suffix in {".tmpl", ".html"}:
            yield str(file.relative_to(ROOT)), re.sub(r"{{[^}]*}}", " ", file.read_text())
    yield "settings.yaml", "\n".join(line for line in (ROOT / "settings.yaml").read_text().splitlines() if "#" in line)
    yield (
        "components.yaml",
        "\n".join(line for line in (ROOT / "components.yaml").read_text().splitlines() if line.startswith("#")),
    )


def _help() -> Iterator[tuple[str, str]]:
    """Help texts, errors and output: string literals of the commands, and of what raises configuration errors."""
    for folder in ("exporters", "pantrywatch"):
        for file in (ROOT / folder).rglob("*.py"):
            for number, line in enumerate(file.read_text().splitlines(), 1):
                if re.search(r"\bhelp=|expected |say\(|complain\(|print\(|raise \w+Error\(|Family\(", line):
                    yield f"{file.relative_to(ROOT)}:{number}", " ".join(re.findall(r'"([^"]*)"', line))
    yield "run", (ROOT / "run").read_text().partition("<<'TEXT'")[2].partition("\nTEXT")[0]


def _docstrings() -> Iterator[tuple[str, str]]:
    for folder in ("exporters", "pantrywatch", "tools", "demo"):
        for file in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(file.read_text())):
                if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                    place = f"{file.relative_to(ROOT)}:{getattr(node, 'lineno', 1)}"
                    yield place, _CODE.sub(" ", ast.get_docstring(node) or "")


def _scripts() -> Iterator[tuple[str, str]]:
    """What runs in a browser, with its comments, and its pages."""
    for folder in ("exporters", "pantrywatch", "provisioning", "demo/api"):
        for file in (ROOT / folder).rglob("*"):
            if file.suffix in {".js", ".html"}:
                yield str(file.relative_to(ROOT)), file.read_text()


def test_texts_are_plain_english() -> None:
    """Pages, alerts, boards, messages, help, errors, docstrings, scripts use no word that the style sheet replaces."""
    found = [
        f"{place}: {match[0]!r} (write: {instead})"
        for source in (_pages, _rules, _boards, _messages, _help, _docstrings, _scripts)
        for place, text in source()
        for pattern, instead in _WORDS
        for match in pattern.finditer(text)
    ]
    assert found == []
