"""The Secrets that pods read: names, keys and paths alone. Their values are in no generated file."""

from __future__ import annotations

import posixpath
import shlex
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from pathlib import Path
from typing import Any

from exporters.core.errors import ConfigError, ConfigProblem
from pantrywatch.generate.kubernetes.objects import NAME, Object

# Where the image runs, and so where relative paths of the settings start (provisioning/docker/Dockerfile).
WORK_FOLDER = "/etc/pantrywatch"
_STATE = "/state"
# Folders that are links in the images → what they are links to: a mount belongs there.
_LINKS = {f"{top}/secrets": "/run/pantrywatch/exporter/secrets" for top in (WORK_FOLDER, _STATE)}
# What the pods of each exporter set besides `kubernetes.environment`: as in docker-compose.yml.
ENVIRONMENT = {
    "PANTRYWATCH_STATE": _STATE,
    "PANTRYWATCH_HOST_ROOT": "/host",
    "PANTRYWATCH_RUM": "0.0.0.0:9691",
    "PANTRYWATCH_LAST_FAILURES": "/tmp/last-failures",  # noqa: S108 - of the pod alone
}


@dataclass(frozen=True, slots=True)
class Needed:
    """A Secret that has to be there: key → the file with its value, as the settings name it.

    `texts`: key → a value that is in the settings as such, for objects that only take it from a Secret.
    """

    name: str
    files: Mapping[str, str]
    texts: Mapping[str, str] = field(default_factory=dict)

    def command(self, namespace: str, settings_file: Path) -> str:
        """Return the command that creates it; paths in the settings are relative to their file."""
        values = [f"--from-file={key}={settings_file.parent / file}" for key, file in self.files.items()]
        values += [f"--from-literal={key}={text}" for key, text in self.texts.items()]
        return shlex.join(["kubectl", "create", "secret", "generic", self.name, "--namespace", namespace, *values])


def needed(reader: str, files: Iterable[str], settings_file: str) -> Needed:
    """Return the Secret of a reader. Raises ConfigError where two files would be one key."""
    found: dict[str, str] = {}
    for file in files:
        key = posixpath.basename(file)
        if found.setdefault(key, file) != file:
            expected = f"expected a file name of its own for {file}: {found[key]} has the same"
            raise ConfigError([ConfigProblem(settings_file, reader, expected)])
    return Needed(f"{NAME}-{reader}", found)


def named_files(section: Any) -> Iterator[str]:
    """Yield the secret files that a section of the settings names, at any depth."""
    if isinstance(section, tuple):
        for entry in section:
            yield from named_files(entry)
    elif is_dataclass(section):
        for one in fields(section):
            value = getattr(section, one.name)
            if one.name.endswith("_file") and isinstance(value, str):
                yield value
            elif one.name == "secret_files":
                yield from value.values()
            else:
                yield from named_files(value)


def volumes(secret: Needed) -> tuple[list[Object], list[Object]]:
    """Return volumes and mounts: each folder with secrets is mounted whole, so that a new value reaches the pod."""
    folders: dict[str, dict[str, str]] = {}
    for key, file in secret.files.items():
        path = posixpath.normpath(posixpath.join(WORK_FOLDER, file))
        folder = posixpath.dirname(path)
        folders.setdefault(_LINKS.get(folder, folder), {})[key] = posixpath.basename(path)
    entries = list(enumerate(folders.items()))
    mounts = [mount for number, (folder, keys) in entries for mount in _mounts(f"secrets-{number}", folder, keys)]
    return [_volume(f"secrets-{number}", secret.name, keys) for number, (_, keys) in entries], mounts


def _volume(name: str, secret: str, keys: Mapping[str, str]) -> Object:
    items = [{"key": key, "path": path} for key, path in keys.items()]
    return {"name": name, "secret": {"secretName": secret, "defaultMode": 0o440, "items": items}}


def _mounts(name: str, folder: str, keys: Mapping[str, str]) -> Iterator[Object]:
    """Yield the mounts of a folder; next to settings.yaml each file has its own, which a new value does not reach."""
    if folder != WORK_FOLDER:
        yield {"name": name, "mountPath": folder, "readOnly": True}
        return
    for path in keys.values():
        yield {"name": name, "mountPath": f"{folder}/{path}", "subPath": path, "readOnly": True}
