"""The `advise` section of settings.yaml: on which servers `advise --apply` may change something, and as whom."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

from exporters.core.decoder import Problems, RecordCheck
from exporters.core.field_checks import not_empty


def _one_address(dsn: str | None, dsn_file: str | None) -> Problems:
    if (dsn is None) == (dsn_file is None):
        yield "dsn", f"expected exactly one of dsn and dsn_file, got {'neither' if dsn is None else 'both'}"


@dataclass(frozen=True, slots=True)
class ApplyTarget:
    """A server that `advise --apply` may change, as a role of its own. Exactly one of `dsn` and `dsn_file` is given."""

    server: Annotated[str, "The name of a server of the section `database`.", not_empty]
    dsn: Annotated[
        str | None,
        "Connection string without a password, to the server itself and not to a pooler; the role is that of "
        "`provisioning/database/advise-role.sql`.",
    ] = None
    dsn_file: Annotated[str | None, "The file with the connection string."] = None

    CHECKS: ClassVar[tuple[RecordCheck, ...]] = (_one_address,)


def _each_server_once(apply: tuple[ApplyTarget, ...]) -> Problems:
    servers = [getattr(one, "server", None) for one in apply]
    for index, server in enumerate(servers):
        if server is not None and server in servers[:index]:
            yield f"apply[{index}].server", f"expected each server once, got {server} again"


@dataclass(frozen=True, slots=True)
class AdviseSettings:
    """What `advise` may do. Without this section it changes nothing."""

    apply: Annotated[tuple[ApplyTarget, ...], "The servers on which `advise --apply ID` may follow its advice."] = ()

    CHECKS: ClassVar[tuple[RecordCheck, ...]] = (_each_server_once,)
