"""The supervisor that runs the stack, over its XML-RPC interface (http://supervisord.org/api.html)."""

from __future__ import annotations

import http.client
import xmlrpc.client
from dataclasses import dataclass

from demo.environment import Environment
from demo.faults.containers import Containers
from demo.faults.fault import FaultError

# Longer than the longest stop of a program (15 s for a fault's holder).
_TIMEOUT_SECONDS = 30.0
_SHUTTING_DOWN, _ALREADY_STARTED, _NOT_RUNNING = 6, 60, 70


class NotRunningError(Exception):
    """No supervisor is reachable."""

    def __init__(self) -> None:
        super().__init__("the stack is not running")


@dataclass(frozen=True, slots=True)
class Supervisor:
    """Starts and stops programs; both are done when the call returns."""

    url: str

    def start(self, program: str) -> None:
        """Start it unless it runs. While the stack shuts down nothing is started, as intended."""
        self._call("supervisor.startProcess", program, fine={_ALREADY_STARTED, _SHUTTING_DOWN})

    def stop(self, program: str) -> None:
        """Stop it unless it is stopped."""
        self._call("supervisor.stopProcess", program, fine={_NOT_RUNNING})

    def running(self, program: str) -> bool:
        info = self._call("supervisor.getProcessInfo", program, fine=set())
        return isinstance(info, dict) and info.get("statename") in {"STARTING", "RUNNING"}

    def process_id(self, program: str) -> int:
        """0 if it does not run."""
        info = self._call("supervisor.getProcessInfo", program, fine=set())
        return int(info["pid"]) if isinstance(info, dict) else 0

    def _call(self, method: str, program: str, fine: set[int]) -> object:
        try:
            with xmlrpc.client.ServerProxy(self.url, transport=_Transport()) as proxy:
                return getattr(proxy, method)(program)
        except xmlrpc.client.Fault as fault:
            if fault.faultCode in fine:
                return None
            raise FaultError(f"the supervisor refused {program} (fault {fault.faultCode})") from fault
        except (OSError, xmlrpc.client.ProtocolError, http.client.HTTPException) as error:
            raise NotRunningError from error


def connect(environment: Environment) -> Supervisor | Containers:
    """The supervisor whose address is in the state directory; raises NotRunningError.

    In containers there is none, and no state directory: holders are processes of the container of the faults.
    """
    if "PANTRYWATCH_STATE" not in environment.values:
        return Containers()
    try:
        url = (environment.state / "run" / "supervisor.url").read_text(encoding="utf-8").strip()
    except OSError as error:
        raise NotRunningError from error
    return Supervisor(url)


class _Transport(xmlrpc.client.Transport):
    """The standard one has no timeout."""

    def make_connection(self, host: xmlrpc.client._HostType) -> http.client.HTTPConnection:
        connection = super().make_connection(host)
        connection.timeout = _TIMEOUT_SECONDS
        return connection
