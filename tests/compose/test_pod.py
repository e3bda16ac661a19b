"""The Kubernetes manifest of the sidecar, checked offline."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml
from kubernetes_validate import ValidationError

from exporters import __version__
from pantrywatch.containers.init import IMAGE_USER

_FILE = Path(__file__).parents[2] / "provisioning/sidecar/pod.yaml"
_VERSIONS = ("1.28", "1.34")


def _pod() -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load(_FILE.read_text())
    return document


@pytest.mark.parametrize("version", _VERSIONS)
def test_the_api_accepts_the_pod(version: str) -> None:
    """The manifest is valid against the API's schema, which also knows no other fields."""
    kubernetes_validate.validate(_pod(), version, strict=True)
    misspelt = _pod()
    misspelt["spec"]["containers"][1]["livenesProbe"] = {}
    with pytest.raises(ValidationError):
        kubernetes_validate.validate(misspelt, version, strict=True)


def test_the_sidecar_is_the_image_of_the_compose_file_locked_down_alike() -> None:
    """Two containers, ours with the version and the user of the image, read-only, bounded, with probes."""
    application, exporter = _pod()["spec"]["containers"]
    assert application["image"] == "postgres:18.6"
    assert exporter["image"] == f"pantrywatch/exporter:{__version__}"
    assert exporter["securityContext"] == {
        "runAsNonRoot": True,
        "runAsUser": IMAGE_USER,
        "readOnlyRootFilesystem": True,
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
    }
    assert exporter["resources"]["limits"].keys() == {"cpu", "memory"}
    assert exporter["livenessProbe"]["httpGet"] == {"path": "/healthz", "port": "metrics"}
