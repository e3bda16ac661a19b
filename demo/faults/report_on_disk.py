"""A report whose plan does not fit into memory runs again and again, and spills to disk each time."""

from __future__ import annotations

from contextlib import suppress

from demo.environment import Environment
from demo.faults.administration import administrator
from demo.faults.fault import FaultError, Tick

# The rows of a function are kept until all are there: 67 MiB of temporary files, more than 10 MiB
# a second on a busy machine too, for little work of the CPU.
_REPORT = "SELECT count(*) FROM generate_series(1, 5000000)"


def enter(environment: Environment) -> Tick:
    def report() -> None:
        # A server that is away is another fault.
        with suppress(FaultError), administrator(environment) as connection:
            connection.execute("SET work_mem = '64kB'")
            connection.execute(_REPORT)

    return report
