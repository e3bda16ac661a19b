"""`python -m demo.faults list|names|on NAME|off NAME|hold NAME|off-all`."""

from __future__ import annotations

import sys

from demo.environment import ConfigurationError, Environment, current
from demo.faults import switch
from demo.faults.fault import Fault, FaultError
from demo.faults.hold import hold, stop_on_signals
from demo.faults.registry import FAULTS
from demo.faults.supervisor import NotRunningError

_USAGE = "usage: fault list | on NAME | off NAME | hold NAME | off-all"


def main(arguments: list[str]) -> int:
    """0 done, 1 failed, 2 wrong usage or the stack is not running."""
    try:
        print(_run(arguments, current()), flush=True)
    except (ConfigurationError, NotRunningError) as error:
        print(f"fault: {error}", file=sys.stderr)
        return 2
    except FaultError as error:
        print(f"fault: {error}", file=sys.stderr)
        return 1
    return 0


def _run(arguments: list[str], environment: Environment) -> str:
    match arguments:
        case ["list"]:
            return switch.listing(environment)
        case ["names"]:
            return "\n".join(FAULTS)
        case ["off-all"]:
            return switch.all_off(environment)
        case ["on", name]:
            return switch.on(_fault(name), environment)
        case ["off", name]:
            return switch.off(_fault(name), environment)
        case ["hold", name]:
            fault = _fault(name)
            hold(fault, environment, stop_on_signals())
            return f"{fault.name} has ended"
    raise ConfigurationError(_USAGE)


def _fault(name: str) -> Fault:
    if name not in FAULTS:
        raise ConfigurationError(f"there is no fault {name}; there are {', '.join(FAULTS)}")
    return FAULTS[name]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
