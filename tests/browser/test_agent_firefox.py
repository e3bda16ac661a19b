"""The browser agent in Debian's Firefox, over WebDriver BiDi: it sends what Firefox measures, and nothing breaks."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from exporters.rum.metrics import PAGE_ERRORS, SCRIPT_ERRORS
from tests.browser.agent_site import LATE_SECONDS, site
from tests.support.servers import wait_until
from tools.agent_bundle import build

pytestmark = [pytest.mark.long, pytest.mark.timeout(400)]

_PUPPETEER = "puppeteer-core@24.40.0"  # the first dependency that speaks BiDi to a browser of the distribution
_SCRIPT = """
document.querySelector('button').onclick = () => {
  const end = performance.now() + 150; while (performance.now() < end);
};
document.querySelector('a').onclick = async (event) => {
  event.preventDefault();
  history.pushState({}, '', '/contacts/4711');
  await fetch('/api/late');
  document.querySelector('p').textContent = 'Ada';
  window.isThere = true;
};
"""
_HIDE = (
    "Object.defineProperty(document, 'visibilityState', {get: () => 'hidden', configurable: true});"
    "document.dispatchEvent(new Event('visibilitychange', {bubbles: true}))"
)


def _run(*command: str, cwd: Path) -> str:
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False, timeout=200)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_firefox_sends_what_it_measures(tmp_path: Path) -> None:
    """All measures of the load but CLS, and the change of route; no error, and nothing twice."""
    bundle = build(tmp_path / "agent")
    (tmp_path / "package.json").write_text('{"private": true, "type": "module"}')
    _run("npm", "install", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error", _PUPPETEER, cwd=tmp_path)
    shutil.copy(Path(__file__).parent / "visit.mjs", tmp_path)
    with site(bundle) as served:
        body = "<h1>Contacts</h1><p>List</p><button>Save</button><a href='/contacts/4711'>Open</a>"
        address = served.page("/contacts", body, _SCRIPT, 'data-routes="/contacts /contacts/:id"')
        seen = json.loads(_run("node", "visit.mjs", address, _HIDE, cwd=tmp_path))
        wait_until(lambda: {"hard", "soft"} <= {one.navigation for one in served.beacons()}, 60, "both routes")
        assert "layout-shift" not in seen["types"], "a Firefox that measures shifts: expect CLS here"
        assert served.vitals().keys() == {"lcp", "fcp", "ttfb", "load", "fid", "inp"}
        assert served.vitals()["inp"] >= 150
        assert served.vitals("soft").keys() == {"route_change"}
        assert served.vitals("soft")["route_change"] >= LATE_SECONDS * 1000
        assert {one.route for one in served.beacons()} == {"/contacts", "/contacts/:id"}
        errors = (*SCRIPT_ERRORS.values(), *PAGE_ERRORS.values(), "failed_requests")
        assert {name: served.total(name) for name in errors} == dict.fromkeys(errors, 0)
        assert served.total("interactions") >= 2
