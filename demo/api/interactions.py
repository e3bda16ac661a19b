"""POST /api/v1/interactions: log a call, a mail, a visit."""

from __future__ import annotations

from collections.abc import Mapping

from demo.api.database import Conversation, Statement
from demo.api.errors import ApiError
from demo.api.request import Answer, Call

KINDS = ("CALL", "EMAIL", "MEETING", "VISIT", "DEMO", "PROPOSAL", "FOLLOW_UP")

_KNOWN = Statement(
    "SELECT",
    "organizations",
    """SELECT o.name, c.id IS NOT NULL AS contact_known
    FROM organizations o LEFT JOIN contacts c ON c.id = %(contact)s::uuid AND c.organization_id = o.id
    WHERE o.id = %(organization)s::uuid AND NOT o.is_deleted""",
)
_INSERT = Statement(
    "INSERT",
    "interactions",
    """INSERT INTO interactions (organization_id, contact_id, user_id, interaction_type, interaction_date,
        duration_minutes, outcome, notes, follow_up_required, follow_up_date, sentiment_score)
    VALUES (%(organization)s::uuid, %(contact)s::uuid, %(user)s::uuid, %(kind)s, now(), %(minutes)s, %(outcome)s,
        %(notes)s, %(follow_up)s::date IS NOT NULL, %(follow_up)s::date, %(sentiment)s)
    RETURNING id::text, interaction_date""",
)
_TOUCH = Statement(
    "UPDATE",
    "organizations",
    """UPDATE organizations SET last_interaction_date = now(), updated_at = now(),
        next_follow_up_date = coalesce(%(follow_up)s::date, next_follow_up_date)
    WHERE id = %(organization)s::uuid RETURNING id""",
)


def log_interaction(call: Call) -> Answer:
    """Store an interaction of the current user, then mail the organization's owner if the mail service works."""
    if not call.user.may_write:
        raise ApiError(403, "this account may only read")
    values = {
        "organization": call.body.key("organization_id"),
        "contact": call.body.optional_key("contact_id"),
        "user": call.user.id,
        "kind": call.body.one_of("interaction_type", KINDS),
        "minutes": call.body.whole("duration_minutes", 0, 24 * 60, default=0),
        "outcome": call.body.text("outcome", 200, shortest=1),
        "notes": call.body.text("notes", 4_000),
        "follow_up": call.body.optional_date("follow_up_date"),
        "sentiment": call.body.whole("sentiment_score", 1, 5, default=3),
    }
    with call.services.database.conversation() as conversation:
        name = _organization_name(conversation, values)
        stored = conversation.rows(_INSERT, values)[0]
        conversation.rows(_TOUCH, values)
    mailed = call.services.partners.send_email(f"{values['kind']}: {name}")
    outdated = (f"/api/v1/organizations/{values['organization']}", "/api/v1/dashboard")
    return Answer({**stored, "email_sent": mailed}, status=201, outdated=outdated)


def _organization_name(conversation: Conversation, values: Mapping[str, object]) -> str:
    known = conversation.row(_KNOWN, values)
    if known is None:
        raise ApiError(404, "there is no such organization")
    if values["contact"] is not None and not known["contact_known"]:
        raise ApiError(400, "contact_id: a contact of the organization is expected")
    return str(known["name"])
