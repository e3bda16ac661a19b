"""GET /api/v1/dashboard: the totals a sales representative starts the day with."""

from __future__ import annotations

from demo.api.database import Statement
from demo.api.request import Answer, Call

_PIPELINE = Statement(
    "SELECT",
    "opportunities",
    """SELECT stage, count(*) AS opportunities, sum(estimated_value) AS value
    FROM opportunities WHERE user_id = %(user)s::uuid AND NOT is_deleted
    GROUP BY stage ORDER BY stage""",
)
_CLOSED = Statement(
    "SELECT",
    "opportunities",
    """SELECT count(*) FILTER (WHERE stage = 'closed-won') AS won, count(*) FILTER (WHERE stage = 'closed-lost') AS lost
    FROM opportunities
    WHERE user_id = %(user)s::uuid AND actual_close_date > current_date - 90 AND NOT is_deleted""",
)
_ACTIVITY = Statement(
    "SELECT",
    "interactions",
    """SELECT interaction_type, count(*) AS interactions FROM interactions
    WHERE user_id = %(user)s::uuid AND interaction_date > now() - interval '7 days' AND NOT is_deleted
    GROUP BY interaction_type ORDER BY interaction_type""",
)
_OVERDUE = Statement(
    "SELECT",
    "interactions",
    """SELECT count(*) AS overdue FROM interactions
    WHERE user_id = %(user)s::uuid AND follow_up_required AND follow_up_date < current_date AND NOT is_deleted""",
)


def totals(call: Call) -> Answer:
    """Pipeline by stage, wins and losses of 90 days, contacts of 7 days, and overdue follow-ups of the current user."""
    chosen = {"user": call.user.id}
    with call.services.database.conversation() as conversation:
        return Answer(
            {
                "pipeline": conversation.rows(_PIPELINE, chosen),
                "closed": conversation.rows(_CLOSED, chosen)[0],
                "activity": conversation.rows(_ACTIVITY, chosen),
                "follow_ups_overdue": conversation.rows(_OVERDUE, chosen)[0]["overdue"],
            }
        )
