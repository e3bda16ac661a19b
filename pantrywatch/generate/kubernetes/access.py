"""Logins of Prometheus at systems outside, by reference to a Secret, as the operator's objects have them."""

from __future__ import annotations

from collections.abc import Sequence

from pantrywatch.config.application import Access
from pantrywatch.generate.kubernetes.objects import Object
from pantrywatch.generate.kubernetes.secrets import Needed

_USERNAME = "username"


def access_needed(secret: str, accesses: Sequence[Access]) -> Needed:
    """Return the Secret of these logins. The operator takes a user name from a Secret only, too."""
    files = {_key(file): file for access in accesses for file in access.files().values()}
    names = [access.username for access in accesses]
    texts = {f"{_USERNAME}{_suffix(number)}": name for number, name in enumerate(names) if name is not None}
    return Needed(secret, files, texts)


def by_reference(access: Access, secret: str, number: int = 0) -> Object:
    """Return scheme and login; `number`: of the login among those of the Secret."""

    def key(name: str) -> Object:
        return {"name": secret, "key": name}

    found: Object = {} if access.scheme == "http" else {"scheme": access.scheme}
    if access.username is not None:
        name = f"{_USERNAME}{_suffix(number)}"
        found["basicAuth"] = {"username": key(name), "password": key(_key(access.password_file))}
    if access.token_file is not None:
        found["authorization"] = {"credentials": key(_key(access.token_file))}
    tls: Object = {} if access.ca_file is None else {"ca": {"secret": key(_key(access.ca_file))}}
    if access.server_name is not None:
        tls["serverName"] = access.server_name
    return found | ({"tlsConfig": tls} if tls else {})


def _suffix(number: int) -> str:
    return f"-{number}" if number else ""


def _key(file: str | None) -> str:
    return str(file).rpartition("/")[2]
