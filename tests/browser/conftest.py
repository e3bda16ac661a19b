"""The agent's tests share a server and a browser in each file."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.browser.agent_site import site
from tests.browser.agent_world import World
from tools.agent_bundle import build
from tools.chromium import browser_page


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Build the agent once, from its lock file."""
    bundle = build(tmp_path_factory.mktemp("agent") / "build")
    with site(bundle) as server, browser_page() as page:
        browser = page.context.browser
        assert browser
        yield World(server, browser.new_context(viewport={"width": 1200, "height": 900}), bundle)


@pytest.fixture
def nothing_sent_yet(world: World) -> Iterator[None]:
    """Begin with an empty site, and end without open pages."""
    world.site.bodies.clear()
    world.site.headers.clear()
    yield
    for page in world.context.pages:
        page.close()
