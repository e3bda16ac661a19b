"""The whole seed as data: every table with its columns and rows, in loading order."""

from __future__ import annotations

from collections.abc import Iterator

from demo.seed import accounts, deals, people
from demo.seed.contact_history import History
from demo.seed.size import Calendar, Size
from demo.seed.table import Table

_KEPT = ("is_deleted", "created_at", "updated_at")


def tables(size: Size, calendar: Calendar) -> Iterator[Table]:
    """The interactions come first and must be consumed before the next table: the accounts depend on them."""
    history = History(size, calendar)
    yield Table("interactions", (*_INTERACTION, *_KEPT), history.rows())
    yield Table("users", (*_USER, *_KEPT), people.users(size, calendar))
    seen = history.organizations_seen
    yield Table(
        "organizations", (*_ORGANIZATION, *_KEPT), accounts.organizations(size, calendar, seen, history.follow_ups)
    )
    yield Table("contacts", (*_CONTACT, *_KEPT), people.contacts(size, calendar, history.contacts_seen))
    yield Table("products", (*_PRODUCT, *_KEPT), accounts.products(size, calendar))
    yield Table("opportunities", (*_OPPORTUNITY, *_KEPT), deals.opportunities(size, calendar))
    yield Table("opportunity_products", (*_LINE, *_KEPT), deals.opportunity_products(size, calendar))


_USER = ("id", "email", "full_name", "password_hash", "role", "employment_status", "last_login_at")
_ORGANIZATION = (
    "id",
    "name",
    "city",
    "industry_segment",
    "priority_level",
    "account_status",
    "assigned_user_id",
    "last_interaction_date",
    "next_follow_up_date",
)
_CONTACT = (
    "id",
    "organization_id",
    "full_name",
    "email",
    "position",
    "is_primary_contact",
    "is_decision_maker",
    "engagement_level",
    "last_interaction_date",
)
_PRODUCT = ("id", "sku", "name", "category", "unit_price")
_OPPORTUNITY = (
    "id",
    "organization_id",
    "user_id",
    "name",
    "stage",
    "probability",
    "estimated_value",
    "estimated_close_date",
    "actual_close_date",
    "sales_cycle_days",
    "lead_source",
)
_LINE = ("id", "opportunity_id", "product_id", "quantity", "unit_price")
_INTERACTION = (
    "id",
    "organization_id",
    "contact_id",
    "user_id",
    "opportunity_id",
    "interaction_type",
    "interaction_date",
    "duration_minutes",
    "outcome",
    "notes",
    "follow_up_required",
    "follow_up_date",
    "sentiment_score",
)
