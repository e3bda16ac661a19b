"""The numbers of the business over the past: towards those that the demo's seed has at its first start.

Labels are those of exporters/database/queries/business.yaml on the demo's tables. Sums and shares between them are only
roughly right: they are for the look of boards, not for accounts.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from demo.history.activity import DAY, WEEK, share_of_peak
from demo.history.blocks import Series, steps
from demo.history.noise import Noise, Wander

# Less than the 5 minutes that Prometheus looks back for a sample.
_STEP = (240, 17)
_SERVER = 'job="database",instance="primary"'
_STAGES = {"prospecting": 794, "qualification": 787, "proposal": 636, "negotiation": 382, "closed-won": 1942,
           "closed-lost": 1402}  # fmt: skip
_VALUES = {"prospecting": 11.9e6, "qualification": 11.7e6, "proposal": 9.9e6, "negotiation": 5.6e6,
           "closed-won": 29.9e6, "closed-lost": 21.6e6}  # fmt: skip
_TYPES = {"CALL": 824, "EMAIL": 690, "MEETING": 236, "VISIT": 295, "DEMO": 94, "PROPOSAL": 106, "FOLLOW_UP": 129}
_DUE = {"today": 26, "next_7d": 179, "later": 252, "overdue_1_to_7d": 153, "overdue_8_to_30d": 93}


class _Number(NamedTuple):
    """`now` is the value at the end, `growth` by week before; `daily`: it is of a day, and follows the working day."""

    name: str
    labels: Mapping[str, str]
    now: float
    growth: float = 0.0
    wanders: float = 0.0
    daily: bool = False


def _numbers() -> Iterator[_Number]:
    """Sorted by name."""
    for feature, users in {"any": 38, "follow-ups": 32, "interactions": 32, "log-in": 24, "opportunities": 32}.items():
        yield _Number("crm_feature_users", {"feature": feature}, users, 0.02, 0.03)
    for due, count in _DUE.items():
        yield _Number("crm_follow_ups", {"due": due}, count, 0.02, 0.1)
    for kind, count in _TYPES.items():
        yield _Number("crm_interactions", {"interaction_type": kind, "window": "1d"}, count / 5, 0.03, 0.1, daily=True)
        yield _Number("crm_interactions", {"interaction_type": kind, "window": "7d"}, count, 0.03, 0.05)
    for stage, count in _STAGES.items():
        yield _Number("crm_opportunities", {"stage": stage}, count, 0.03)
    for stage, value in _VALUES.items():
        yield _Number("crm_opportunities_value", {"stage": stage}, value, 0.03)
    for role, users in {"sales_rep": 32, "other": 8}.items():
        yield _Number("crm_users", {"role": role}, users)
    for name in ("crm_users_active", "crm_users_logged_in"):
        for role, users in {"sales_rep": 32, "other": 8}.items():
            yield _Number(name, {"role": role, "window": "1d"}, 0.9 * users, 0.02, 0.05, daily=True)
            yield _Number(name, {"role": role, "window": "7d"}, users, 0.02)
            yield _Number(name, {"role": role, "window": "30d"}, users, 0.02)


class Business:
    """All numbers; `now` is when they have their values of now (unix seconds)."""

    def __init__(self, seed: int, now: int) -> None:
        self._values = [(number, _value(seed, number, now)) for number in _numbers()]

    def series(self, start: int, end: int) -> Iterator[Series]:
        """Yield each number from `start` on, before `end`; to be asked for one piece of time after the other."""
        times = steps(start, end, *_STEP)
        seconds = range(times.first, times.first + times.every * len(times.lines), times.every)
        for number, value in self._values:
            labels = ",".join((_SERVER, *(f'{name}="{text}"' for name, text in number.labels.items())))
            yield Series(number.name, labels, times, [float(round(value(second))) for second in seconds])


def _value(seed: int, number: _Number, now: int) -> Callable[[int], float]:
    wander = Wander(Noise(seed, number.name, *number.labels.values()), DAY, _STEP[0])

    def value(second: int) -> float:
        grown = number.now * math.exp(math.log1p(number.growth) * (second - now) / WEEK)
        differs = 1 + number.wanders * max(-2.0, min(2.0, wander.next())) if number.wanders else 1.0
        return grown * differs * (_last_day(second) if number.daily else 1.0)

    return value


def _last_day(second: int) -> float:
    """How much of a working day was in the last 24 hours: the noon of today so far, and of yesterday."""
    noon = second // DAY * DAY + DAY // 2
    passed = min(1.0, second % DAY / DAY)
    return passed * min(1.0, share_of_peak(noon)) + (1 - passed) * min(1.0, share_of_peak(noon - DAY))
