"""Pictures of all boards for docs/boards/, from a running `./run up` or `./run boards`: `./run pictures`.

With --whole each shows the whole board with all rows open, for work on a board.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Iterator
from pathlib import Path

import requests
from playwright.sync_api import Page

from pantrywatch.native.state_dir import State
from tools.chromium import browser_page

_ROOT = Path(__file__).parents[1]
_FOLDER = _ROOT / "docs/boards"
_TOP_PX = 1300  # the part worth showing in a document
_MOST_PX = 9000
_SECONDS = 90.0
_WAITING = """[...document.querySelectorAll('.panel')].filter(each => !each.closest('details:not([open])'))
    .filter(each => !each.dataset.state || each.classList.contains('loading')).length"""
_NOT_DRAWN = """[...document.querySelectorAll('.panel[data-state=failed], .panel[data-state=empty]')]
    .map(each => [each.dataset.state, each.querySelector('h3').textContent, each.querySelector('.body').innerText])"""


def main() -> None:
    """Take a picture of each board, and print its empty and failed panels."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", default=_boards_url(), help="URL of the boards' page (default: %(default)s)")
    parser.add_argument("--into", type=Path, default=_FOLDER, metavar="DIR", help="(default: docs/boards)")
    parser.add_argument("--width", type=int, default=1440, help="(default: %(default)s)")
    parser.add_argument("--range", default="now-1h", help="time shown until now (default: %(default)s)")
    parser.add_argument("--whole", action="store_true", help="the whole board, with all rows open")
    parser.add_argument("boards", nargs="*", metavar="UID", help="(default: all)")
    options = parser.parse_args()
    options.into.mkdir(parents=True, exist_ok=True)
    known = [board["uid"] for board in requests.get(f"{options.url}/api/boards", timeout=10).json()]
    with browser_page(options.width, _TOP_PX) as page:
        for uid in options.boards or known:
            page.set_viewport_size({"width": options.width, "height": _TOP_PX})  # a page is at least as high as this
            page.goto(f"{options.url}/d/{uid}?from={options.range}&to=now&refresh=")
            _draw(page, options.width, whole=options.whole)
            page.screenshot(path=options.into / f"{uid}.png")
            print(uid, *_complaints(page, options.width), sep="\n  ", flush=True)


def _boards_url() -> str:
    """Return the URL of the boards of the stack in the state directory."""
    return State(Path(os.environ.get("PANTRYWATCH_STATE", _ROOT / ".pantrywatch"))).addresses().url("boards")


def _draw(page: Page, width: int, *, whole: bool) -> None:
    page.wait_for_selector(".panel")
    if whole:
        page.evaluate("document.querySelectorAll('details.row').forEach(each => { each.open = true; })")
        height = page.evaluate("document.documentElement.scrollHeight")
        page.set_viewport_size({"width": width, "height": min(height, _MOST_PX)})
    deadline = time.monotonic() + _SECONDS
    while _unfinished(page) and time.monotonic() < deadline:
        time.sleep(0.2)


def _unfinished(page: Page) -> bool:
    visible = page.viewport_size or {"height": _TOP_PX}
    inside = f".filter(each => each.getBoundingClientRect().top < {visible['height']})"
    return bool(page.evaluate(_WAITING.replace(".length", inside + ".length")))


def _complaints(page: Page, width: int) -> Iterator[str]:
    if (wide := page.evaluate("document.documentElement.scrollWidth")) > width:
        yield f"wider than the page: {wide} px"
    for state, title, text in page.evaluate(_NOT_DRAWN):
        yield f"{state}: {title}: {' '.join(text.split())[:160]}"


if __name__ == "__main__":
    main()
