"""Writes the committed files that the tools generate: completion, pages of docs/, the shipped queries as records.

With `--check` it only lists stale ones.
"""

from __future__ import annotations

import sys
from pathlib import Path

from exporters.core.strict_yaml import read_yaml
from tools.completion import FOLDER, completions
from tools.lints_page import PAGE, ROOT, lints_page
from tools.settings_page import settings_page
from tools.shipped_queries import MODULE, module


def outputs() -> dict[Path, str]:
    """Return file → text."""
    settings = settings_page(read_yaml(ROOT / "settings.yaml"))
    return {
        PAGE: lints_page(),
        ROOT / "docs/settings.md": settings,
        MODULE: module(),
        **{FOLDER / name: text for name, text in completions().items()},
    }


def main(arguments: list[str]) -> int:
    """Return 0, or 1 if `--check` listed a file."""
    check = arguments == ["--check"]
    stale = {
        file: text for file, text in outputs().items() if not file.exists() or file.read_text(encoding="utf-8") != text
    }
    for file, text in stale.items():
        if not check:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        what = "stale" if check else "written"
        print(f"{what}: {file.relative_to(ROOT)}", file=sys.stderr if check else sys.stdout)
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
