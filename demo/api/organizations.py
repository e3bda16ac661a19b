"""Organizations: list and filter, search by name, open one."""

from __future__ import annotations

from typing import Any

from demo.api.database import Statement
from demo.api.errors import ApiError
from demo.api.request import Answer, Call, path_key

SEGMENTS = ("Fine Dining", "Fast Food", "Healthcare", "Education", "Corporate Catering")
PRIORITIES = ("A", "B", "C", "D")
PAGE_SIZE = 25

_PAGE = Statement(
    "SELECT",
    "organizations",
    """SELECT id::text, name, city, industry_segment, priority_level, account_status, last_interaction_date,
        next_follow_up_date
    FROM organizations
    WHERE NOT is_deleted
        AND (%(owner)s::uuid IS NULL OR assigned_user_id = %(owner)s::uuid)
        AND (%(segment)s::text IS NULL OR industry_segment = %(segment)s::text)
        AND (%(priority)s::text IS NULL OR priority_level = %(priority)s::text)
    ORDER BY name, id LIMIT %(limit)s OFFSET %(offset)s""",
)
_COUNT = Statement(
    "SELECT",
    "organizations",
    """SELECT count(*) AS total FROM organizations
    WHERE NOT is_deleted
        AND (%(owner)s::uuid IS NULL OR assigned_user_id = %(owner)s::uuid)
        AND (%(segment)s::text IS NULL OR industry_segment = %(segment)s::text)
        AND (%(priority)s::text IS NULL OR priority_level = %(priority)s::text)""",
)
_SEARCH = Statement(
    "SELECT",
    "organizations",
    """SELECT id::text, name, city, industry_segment, priority_level FROM organizations
    WHERE name ILIKE %(pattern)s AND NOT is_deleted ORDER BY name, id LIMIT 20""",
)
_ONE = Statement(
    "SELECT",
    "organizations",
    """SELECT o.id::text, o.name, o.city, o.industry_segment, o.priority_level, o.account_status,
        o.last_interaction_date, o.next_follow_up_date, u.full_name AS owner_name
    FROM organizations o LEFT JOIN users u ON u.id = o.assigned_user_id
    WHERE o.id = %(id)s::uuid AND NOT o.is_deleted""",
)
_CONTACTS = Statement(
    "SELECT",
    "contacts",
    """SELECT id::text, full_name, position, email, is_primary_contact, is_decision_maker, engagement_level
    FROM contacts WHERE organization_id = %(id)s::uuid AND NOT is_deleted
    ORDER BY is_primary_contact DESC, full_name LIMIT 50""",
)
_INTERACTIONS = Statement(
    "SELECT",
    "interactions",
    """SELECT id::text, interaction_type, interaction_date, duration_minutes, outcome, notes, follow_up_date,
        sentiment_score
    FROM interactions WHERE organization_id = %(id)s::uuid AND NOT is_deleted
    ORDER BY interaction_date DESC LIMIT 20""",
)
_OPPORTUNITIES = Statement(
    "SELECT",
    "opportunities",
    """SELECT id::text, name, stage, probability, estimated_value, estimated_close_date
    FROM opportunities WHERE organization_id = %(id)s::uuid AND NOT is_deleted
    ORDER BY created_at DESC LIMIT 20""",
)


def list_page(call: Call) -> Answer:
    """One page of organizations by owner (a uuid or `me`), segment and priority."""
    page = call.query.whole("page", 1, 1_000, default=1)
    chosen = {
        "owner": call.user.id if call.query.values.get("owner") == "me" else call.query.optional_key("owner"),
        "segment": call.query.optional_one_of("segment", SEGMENTS),
        "priority": call.query.optional_one_of("priority", PRIORITIES),
    }
    window = {"limit": PAGE_SIZE, "offset": (page - 1) * PAGE_SIZE}
    with call.services.database.conversation() as conversation:
        items = conversation.rows(_PAGE, {**chosen, **window})
        total = conversation.rows(_COUNT, chosen)[0]["total"]
    return Answer({"items": items, "page": page, "pages": -(-total // PAGE_SIZE), "total": total})


def search(call: Call) -> Answer:
    """The first twenty organizations with `q` anywhere in their name."""
    words = call.query.text("q", 100, shortest=2)
    escaped = words.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    with call.services.database.conversation() as conversation:
        items = conversation.rows(_SEARCH, {"pattern": f"%{escaped}%"})
    return Answer({"items": items})


def open_one(call: Call) -> Answer:
    """An organization with its contacts, latest interactions and opportunities."""
    chosen = {"id": path_key(call)}
    with call.services.database.conversation() as conversation:
        found = conversation.row(_ONE, chosen)
        if found is None:
            raise ApiError(404, "there is no such organization")
        content: dict[str, Any] = {
            **found,
            "contacts": conversation.rows(_CONTACTS, chosen),
            "interactions": conversation.rows(_INTERACTIONS, chosen),
            "opportunities": conversation.rows(_OPPORTUNITIES, chosen),
        }
    return Answer({**content, "location": _location(call, content)})


def _location(call: Call, organization: dict[str, Any]) -> Any:
    """Where to drive, for customers only: not every organization is worth a call to the third party."""
    if organization["account_status"] != "active":
        return None
    return call.services.partners.locate(organization["city"])
