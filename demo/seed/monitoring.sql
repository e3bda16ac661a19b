-- What the monitoring role may read for the numbers of the business: no names, addresses or texts of people.

GRANT SELECT (is_deleted, role, id, last_login_at)
    ON users TO pantrywatch;
GRANT SELECT (user_id, created_at, is_deleted, follow_up_required, interaction_type)
    ON interactions TO pantrywatch;
GRANT SELECT (user_id, updated_at, is_deleted, stage, estimated_value, actual_close_date, created_at,
    lead_source, sales_cycle_days, id, estimated_close_date)
    ON opportunities TO pantrywatch;
GRANT SELECT (next_follow_up_date, is_deleted, priority_level, last_interaction_date, created_at, id,
    assigned_user_id, industry_segment)
    ON organizations TO pantrywatch;
GRANT SELECT (is_primary_contact, organization_id, is_deleted)
    ON contacts TO pantrywatch;
