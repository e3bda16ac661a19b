"""The npm package of the browser agent installs the same from any registry, and has one dependency."""

from __future__ import annotations

import json
import re

from tools.agent_bundle import SOURCE


def test_the_lock_names_no_registry() -> None:
    """It has a checksum for everything, and no address: npm takes it from the registry that it is set up with."""
    text = (SOURCE / "package-lock.json").read_text()
    assert "http" not in text.replace("https://opencollective.com", "").replace("https://github.com", "")
    assert text.count('"integrity"') == text.count('"node_modules/')


def test_it_depends_on_nothing_but_web_vitals() -> None:
    """What reaches a browser is the agent and web-vitals; every version is exact."""
    package = json.loads((SOURCE / "package.json").read_text())
    assert package["dependencies"].keys() == {"web-vitals"}
    versions = [*package["dependencies"].values(), *package["devDependencies"].values()]
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", version) for version in versions)


def test_it_is_built_with_every_node_it_names() -> None:
    """Node 18, Debian 12's, is the oldest; nothing that is installed for the build asks for a newer one."""
    package = json.loads((SOURCE / "package.json").read_text())
    lock = json.loads((SOURCE / "package-lock.json").read_text())["packages"]
    assert package["engines"] == lock[""]["engines"] == {"node": ">=18"}
    assert {one["engines"]["node"] for one in lock.values() if "engines" in one} == {">=18"}
