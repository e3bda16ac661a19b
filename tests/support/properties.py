"""How many cases a property test tries: few and always the same in `./run test`, 10,000 new ones in the soak."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, settings

_SOAK = "soak"
SOAK_CASES = 10_000


def register_profiles() -> None:
    """Register the profiles that `--hypothesis-profile` chooses from, and load the one for `./run test`.

    In the soak `--hypothesis-seed` says which cases: the page with its result names the seed.
    """
    settings.register_profile("bounded", deadline=None, derandomize=True)
    settings.register_profile(
        _SOAK, deadline=None, derandomize=False, database=None, print_blob=True,
        suppress_health_check=[HealthCheck.too_slow],
    )  # fmt: skip
    settings.load_profile("bounded")


def cases(number: int, *, soak: int = SOAK_CASES, suppress: tuple[HealthCheck, ...] = ()) -> settings:
    """Return the settings of a property test: `number` cases, `soak` where the profile of that name is loaded.

    `soak` is less than 10,000 where a case stands for many: a page of fifty, or one file of those that a test takes.
    """
    is_soak = settings.get_current_profile_name() == _SOAK
    more: dict[str, Any] = {"suppress_health_check": [*settings().suppress_health_check, *suppress]}
    return settings(max_examples=soak if is_soak else number, **more)
