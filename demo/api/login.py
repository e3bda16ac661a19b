"""POST /api/v1/auth/login."""

from __future__ import annotations

from demo.api.database import Statement
from demo.api.errors import ApiError
from demo.api.request import Answer, Call
from demo.api.sessions import SESSION_SECONDS, User
from demo.passwords import NOBODY, matches

_FIND = Statement(
    "SELECT",
    "users",
    """SELECT id::text, full_name, role, password_hash FROM users
    WHERE email = %(email)s AND employment_status <> 'terminated' AND NOT is_deleted""",
)
_SEEN = Statement("UPDATE", "users", "UPDATE users SET last_login_at = now() WHERE id = %(id)s RETURNING id")


def log_in(call: Call) -> Answer:
    """A token for an address and its password; the 401 does not reveal which of the two is wrong."""
    email = call.body.text("email", 200, shortest=3)
    password = call.body.text("password", 200, shortest=1)
    with call.services.database.conversation() as conversation:
        found = conversation.row(_FIND, {"email": email.lower()})
    if not matches(password, found["password_hash"] if found else NOBODY) or found is None:
        raise ApiError(401, "the address or the password is wrong")
    with call.services.database.conversation() as conversation:
        conversation.rows(_SEEN, {"id": found["id"]})
    user = User(found["id"], found["full_name"], found["role"])
    return Answer(
        {
            "token": call.services.sessions.begin(user),
            "expires_in_seconds": SESSION_SECONDS,
            "user": {"id": user.id, "name": user.name, "role": user.role},
        }
    )
