"""The agent with the real routers of Vue and React, bundled into one small page each as an application does."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browser.agent_site import LATE_SECONDS, Site, site
from tests.support.servers import wait_until
from tools.agent_bundle import build
from tools.chromium import browser_page

pytestmark = [pytest.mark.long, pytest.mark.timeout(400)]

_START = """import { start } from './agent/dist/index.js';
start({ routes: ['/contacts', '/contacts/:id', '/search'] });
"""
_VUE = """
import { createApp, h, ref } from 'vue';
import { createRouter, createWebHistory, RouterLink, RouterView } from 'vue-router';
const Contact = { setup() {
  const name = ref('');
  fetch('/api/late').then(() => { name.value = 'Ada'; });
  return () => h('h1', name.value);
} };
const routes = [
  { path: '/contacts', component: { render: () => h('h1', 'List') } },
  { path: '/contacts/:id', component: Contact },
  { path: '/search', component: { render: () => h('h1', 'Search') } },
  { path: '/old', redirect: '/search' },
];
const links = ['/contacts/4711-ada', '/old'].map((to) => () => h(RouterLink, { to }, () => to));
createApp({ render: () => [...links.map((link) => h(link)), h(RouterView)] })
  .use(createRouter({ history: createWebHistory(), routes })).mount('#app');
"""
_REACT = """
import { createElement as h, useEffect, useState } from 'react';
import { createRoot } from 'react-dom/client';
import { createBrowserRouter, Link, Outlet, redirect, RouterProvider } from 'react-router';
const Contact = () => {
  const [name, setName] = useState('');
  useEffect(() => { fetch('/api/late').then(() => setName('Ada')); }, []);
  return h('h1', null, name);
};
const links = ['/contacts/4711-ada', '/old'].map((to) => h(Link, { key: to, to }, to));
const Layout = () => [...links, h(Outlet, { key: 'page' })];
const router = createBrowserRouter([{ element: h(Layout), children: [
  { path: '/contacts', element: h('h1', null, 'List') },
  { path: '/contacts/:id', element: h(Contact) },
  { path: '/search', element: h('h1', null, 'Search') },
  { path: '/old', loader: () => redirect('/search') },
] }]);
createRoot(document.getElementById('app')).render(h(RouterProvider, { router }));
"""
_APPLICATIONS = {
    "vue": (_VUE, ("vue@3.5.45", "vue-router@5.5.1")),
    "react": (_REACT, ("react@19.3.1", "react-dom@19.3.1", "react-router@8.5.3")),
}


def _run(*command: str, cwd: Path) -> None:
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False, timeout=200)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(params=sorted(_APPLICATIONS))
def application(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Site]:
    """Serve a page with an application of that library, and the agent in its bundle."""
    bundle = build(tmp_path / "agent")
    source, packages = _APPLICATIONS[request.param]
    (tmp_path / "package.json").write_text('{"private": true, "type": "module"}')
    (tmp_path / "app.js").write_text(_START + source)
    _run("npm", "install", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error", *packages, cwd=tmp_path)
    settings = [
        "--bundle",
        "--minify",
        "--format=esm",
        "--outfile=out.js",
        '--define:process.env.NODE_ENV="production"',
    ]
    _run(str(bundle.parent / "node_modules/.bin/esbuild"), "app.js", *settings, cwd=tmp_path)
    with site(bundle) as served:
        served.files["/app.js"] = (tmp_path / "out.js").read_bytes()
        served.files["/contacts"] = (
            b'<!doctype html><title>Contacts</title><link rel="icon" href="data:,">'
            b'<div id="app"></div><script type="module" src="/app.js"></script>'
        )
        yield served


def test_changes_of_route_by_a_router(application: Site) -> None:
    """A link's route lasts until its data is shown, a redirect counts as the route that it leads to, each once."""
    with browser_page() as page:
        page.goto(f"{application.url}/contacts?q=ada")
        page.get_by_role("heading", name="List").wait_for()
        page.get_by_role("link", name="/contacts/4711-ada").click()
        page.get_by_role("heading", name="Ada").wait_for()
        wait_until(lambda: any(one.navigation == "hard" for one in application.beacons()), 60, "the load")
        page.get_by_role("link", name="/old").click()
        page.get_by_role("heading", name="Search").wait_for()
        wait_until(lambda: any(one.navigation == "soft" for one in application.beacons()), 60, "the first route")
        wait_until(lambda: any(one.route == "/search" for one in application.beacons()), 60, "the second route")
    durations = {
        one.route: one.vitals.route_change for one in application.beacons() if one.vitals.route_change is not None
    }
    assert durations.keys() == {"/contacts/:id", "/search"}
    assert durations["/contacts/:id"] >= LATE_SECONDS * 1000
    assert durations["/search"] < durations["/contacts/:id"]
    assert {one.route for one in application.beacons() if one.navigation == "hard"} == {"/contacts"}
    assert b"4711-ada" not in b"".join(application.bodies)
