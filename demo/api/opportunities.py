"""PATCH /api/v1/opportunities/{id}/stage: move an opportunity."""

from __future__ import annotations

from demo.api.database import Statement
from demo.api.errors import ApiError
from demo.api.request import Answer, Call, path_key

# Stage → its chance to win the deal, in percent.
STAGES = {
    "prospecting": 10,
    "qualification": 25,
    "proposal": 50,
    "negotiation": 75,
    "closed-won": 100,
    "closed-lost": 0,
}

_MOVE = Statement(
    "UPDATE",
    "opportunities",
    """UPDATE opportunities SET stage = %(stage)s, probability = %(probability)s, updated_at = now(),
        actual_close_date = CASE WHEN %(closed)s THEN current_date END,
        sales_cycle_days = CASE WHEN %(closed)s THEN greatest(0, current_date - created_at::date) END
    WHERE id = %(id)s::uuid AND NOT is_deleted
    RETURNING id::text, organization_id::text, stage, probability, actual_close_date, sales_cycle_days""",
)


def move(call: Call) -> Answer:
    """Set the stage; closing sets the date, reopening removes it."""
    if not call.user.may_write:
        raise ApiError(403, "this account may only read")
    key = path_key(call)
    stage = call.body.one_of("stage", tuple(STAGES))
    values = {"id": key, "stage": stage, "probability": STAGES[stage], "closed": stage.startswith("closed")}
    with call.services.database.conversation() as conversation:
        moved = conversation.row(_MOVE, values)
    if moved is None:
        raise ApiError(404, "there is no such opportunity")
    outdated = (f"/api/v1/organizations/{moved['organization_id']}", "/api/v1/dashboard")
    return Answer(moved, outdated=outdated)
