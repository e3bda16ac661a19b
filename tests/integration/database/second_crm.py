"""A second CRM: the rows of the demo's small CRM in tables of other names and types, and how settings map them."""

from __future__ import annotations

from exporters.database.settings import Business

# The same CRM by another hand: other names, an enum, really deleted rows or the time of deletion, timestamps without a
# zone that are UTC, and times where the first has days; and tables for what the first does not record.
SCHEMA = """
CREATE SCHEMA "Sales App";
CREATE TYPE "Sales App"."Phase" AS ENUM ('Lead', 'Qualified', 'Offer', 'Closing', 'Won', 'Lost');
CREATE TABLE "Sales App"."Staff" AS
  SELECT id AS "staffId",
    CASE role WHEN 'sales_rep' THEN 'Field' WHEN 'manager' THEN 'Lead' ELSE role END AS "jobTitle",
    last_login_at AT TIME ZONE 'UTC' AS "seenAt" FROM users WHERE NOT is_deleted;
CREATE TABLE "Sales App".accounts AS
  SELECT id AS account_id, ascii(priority_level) - 64 AS tier, industry_segment AS branch, assigned_user_id AS owner,
    last_interaction_date AS touched, (next_follow_up_date + time '00:30') AT TIME ZONE 'UTC' AS next_step,
    created_at, CASE WHEN is_deleted THEN now() END AS "deletedAt" FROM organizations;
CREATE TABLE "Sales App".people AS
  SELECT organization_id AS account_id, is_primary_contact AS main FROM contacts WHERE NOT is_deleted;
CREATE TABLE "Sales App"."deal$" AS
  SELECT id, user_id, (ARRAY['Lead', 'Qualified', 'Offer', 'Closing', 'Won', 'Lost'])[array_position(ARRAY[
      'prospecting', 'qualification', 'proposal', 'negotiation', 'closed-won', 'closed-lost'], stage)]
      ::"Sales App"."Phase" AS phase,
    estimated_value AS amount, estimated_close_date AS expected, actual_close_date + time '12:00' AS closed,
    sales_cycle_days AS days, lead_source AS source, created_at AT TIME ZONE 'UTC' AS created_at,
    updated_at AT TIME ZONE 'UTC' AS "updatedAt", CASE WHEN is_deleted THEN now() END AS "deletedAt" FROM opportunities;
CREATE TABLE "Sales App".touches AS
  SELECT user_id AS by, lower(interaction_type) AS kind, follow_up_required AS open,
    created_at AT TIME ZONE 'UTC' AS entered, CASE WHEN is_deleted THEN now() END AS "deletedAt" FROM interactions;
CREATE TABLE "Sales App".history AS SELECT * FROM (VALUES
  ('Lead', 'Qualified', now()), ('Lead', 'Qualified', now() - interval '80 days'), ('Lead', 'Lost', now()),
  ('Offer', 'Won', now() - interval '91 days')) AS one (old, new, at);
CREATE TABLE "Sales App".sessions AS SELECT * FROM (VALUES
  (1, now() - interval '1 hour'), (1, now() - interval '2 hours'), (2, now() - interval '6 days')) AS one (staff, at);
CREATE TABLE "Sales App".clicks AS SELECT * FROM (VALUES
  (1, 'map', now()), (1, 'map', now()), (2, 'map', now()), (2, 'export', now() - interval '8 days'), (3, 'new', now())
) AS one (staff, feature, at);
"""
OTHER = Business(
    schema="Sales App",
    tables={
        "users": "Staff", "organizations": "accounts", "contacts": "people", "opportunities": "deal$",
        "interactions": "touches", "stage_changes": "history", "log_ins": "sessions", "feature_uses": "clicks",
    },
    columns={
        "users.id": "staffId", "users.role": "jobTitle", "users.last_login_at": "seenAt", "users.is_deleted": None,
        "organizations.id": "account_id", "organizations.priority_level": "tier",
        "organizations.industry_segment": "branch", "organizations.assigned_user_id": "owner",
        "organizations.last_interaction_date": "touched", "organizations.next_follow_up_date": "next_step",
        "organizations.deleted_at": "deletedAt",
        "contacts.organization_id": "account_id", "contacts.is_primary_contact": "main", "contacts.is_deleted": None,
        "opportunities.stage": "phase", "opportunities.estimated_value": "amount",
        "opportunities.estimated_close_date": "expected", "opportunities.actual_close_date": "closed",
        "opportunities.sales_cycle_days": "days", "opportunities.lead_source": "source",
        "opportunities.updated_at": "updatedAt", "opportunities.deleted_at": "deletedAt",
        "interactions.user_id": "by", "interactions.interaction_type": "kind",
        "interactions.follow_up_required": "open", "interactions.created_at": "entered",
        "interactions.deleted_at": "deletedAt",
        "stage_changes.from_stage": "old", "stage_changes.to_stage": "new", "stage_changes.created_at": "at",
        "log_ins.user_id": "staff", "log_ins.created_at": "at",
        "feature_uses.user_id": "staff", "feature_uses.created_at": "at",
    },
    values={
        "role": {"Field": "sales_rep", "Lead": "manager"},
        "stage": {
            "Lead": "prospecting", "Qualified": "qualification", "Offer": "proposal", "Closing": "negotiation",
            "Won": "closed-won", "Lost": "closed-lost",
        },
        "interaction_type": {"call": "CALL", "email": "EMAIL", "visit": "VISIT"},
        "priority_level": {"1": "A", "2": "B", "3": "C"},
        "feature": {"map": "Map", "export": "Export"},
    },
    least_people=3,
)  # fmt: skip
