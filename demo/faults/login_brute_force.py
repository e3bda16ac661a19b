"""An attacker guesses passwords, five per second."""

from __future__ import annotations

from contextlib import suppress
from itertools import count

import requests

from demo.environment import Environment
from demo.faults.fault import Tick


def enter(environment: Environment) -> Tick:
    address = environment.url + "/api/v1/auth/login"
    session = requests.Session()
    session.trust_env = False
    session.headers["User-Agent"] = "demo-fault"
    numbers = count()

    def guess() -> None:
        body = {"email": "admin@pantry.example", "password": f"guess-{next(numbers)}"}
        with suppress(requests.RequestException):
            session.post(address, json=body, timeout=2)

    guess()
    return guess
