"""The schemas and types of the Prometheus operator's and KEDA's objects, from npm packages made from their source.

The schemas know values but take any field, the types know the fields: an object has to pass both.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Sequence
from copy import deepcopy
from pathlib import Path
from typing import Any

from tests.support import npm_packages

_LOCK = Path(__file__).parent / "kubernetes-schemas"
_INSTALLED = Path(__file__).parents[2] / ".pantrywatch" / "npm-kubernetes"
_TYPES = {
    "monitoring.coreos.com/v1": "@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1",
    "monitoring.coreos.com/v1alpha1": "@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1alpha1",
    "keda.sh/v1alpha1": "@kubernetes-models/keda/keda.sh/v1alpha1",
}
_MOST_BYTES = 8000
_COMPILE = "tsc --noEmit --strict --skipLibCheck --module nodenext --moduleResolution nodenext objects.ts"


def refused(objects: Sequence[dict[str, Any]]) -> list[str]:
    """Return a line for each object with a wrong value or an unknown field; installs the packages first."""
    npm_packages.install(_LOCK, _INSTALLED)
    shutil.copyfile(_LOCK / "validate.js", _INSTALLED / "validate.js")
    filled = [_filled(one) for one in objects]
    return _by_schema(filled) + _by_type(filled)


def _by_schema(objects: Sequence[dict[str, Any]]) -> list[str]:
    return _output(["node", "validate.js"], json.dumps(list(objects)))


def _by_type(objects: Sequence[dict[str, Any]]) -> list[str]:
    """Return what the compiler says about literals of these types: they may have no other fields.

    Of rules that are alike by the hundred it is given the small files alone.
    """
    lines = [f'import type * as api{number} from "{package}";' for number, package in enumerate(_TYPES.values())]
    for number, one in enumerate(one for one in objects if len(json.dumps(one)) < _MOST_BYTES):
        api = list(_TYPES).index(one["apiVersion"])
        lines.append(f"export const o{number}: api{api}.I{one['kind']} = {json.dumps(one)};")
    (_INSTALLED / "objects.ts").write_text("\n".join(lines))
    return _output(["node", f"node_modules/typescript/bin/{_COMPILE.split(maxsplit=1)[0]}", *_COMPILE.split()[1:]], "")


def _output(command: Sequence[str], standard_input: str) -> list[str]:
    done = subprocess.run(
        command, cwd=_INSTALLED, input=standard_input, capture_output=True, text=True, check=False, timeout=120
    )
    assert not done.stderr, done.stderr
    return done.stdout.splitlines()


def _filled(one: dict[str, Any]) -> dict[str, Any]:
    """Return the object with what the packages ask for and the operator does not: kind and version of a claim."""
    claim = one["spec"].get("storage", {}).get("volumeClaimTemplate")
    if claim is None:
        return one
    one = deepcopy(one)
    named = {"apiVersion": one["apiVersion"], "kind": "EmbeddedPersistentVolumeClaim"}
    one["spec"]["storage"]["volumeClaimTemplate"] = claim | named
    return one
