-- The tables of the Kitchen Pantry CRM. Keys are uuids, rows are deleted softly.

CREATE TABLE users (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    email text NOT NULL UNIQUE,
    full_name text NOT NULL,
    password_hash text NOT NULL,
    role text NOT NULL CHECK (role IN ('admin', 'manager', 'sales_rep', 'read_only')),
    employment_status text NOT NULL CHECK (employment_status IN ('active', 'on_leave', 'terminated')),
    last_login_at timestamptz,
    is_deleted boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE organizations (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    name text NOT NULL,
    city text NOT NULL,
    industry_segment text NOT NULL CHECK (industry_segment IN
        ('Fine Dining', 'Fast Food', 'Healthcare', 'Education', 'Corporate Catering')),
    priority_level text NOT NULL CHECK (priority_level IN ('A', 'B', 'C', 'D')),
    account_status text NOT NULL CHECK (account_status IN ('prospect', 'active', 'inactive')),
    assigned_user_id uuid,
    last_interaction_date timestamptz,
    next_follow_up_date date,
    is_deleted boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE contacts (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    organization_id uuid NOT NULL,
    full_name text NOT NULL,
    email text NOT NULL,
    position text NOT NULL,
    is_primary_contact boolean NOT NULL DEFAULT false,
    is_decision_maker boolean NOT NULL DEFAULT false,
    engagement_level text NOT NULL CHECK (engagement_level IN ('low', 'medium', 'high')),
    last_interaction_date timestamptz,
    is_deleted boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE products (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    sku text NOT NULL UNIQUE,
    name text NOT NULL,
    category text NOT NULL,
    unit_price numeric(10, 2) NOT NULL CHECK (unit_price > 0),
    is_deleted boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE opportunities (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    organization_id uuid NOT NULL,
    user_id uuid NOT NULL,
    name text NOT NULL,
    stage text NOT NULL CHECK (stage IN
        ('prospecting', 'qualification', 'proposal', 'negotiation', 'closed-won', 'closed-lost')),
    probability integer NOT NULL CHECK (probability BETWEEN 0 AND 100),
    estimated_value numeric(12, 2) NOT NULL,
    estimated_close_date date NOT NULL,
    actual_close_date date,
    sales_cycle_days integer CHECK (sales_cycle_days >= 0),
    lead_source text NOT NULL,
    is_deleted boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE opportunity_products (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    opportunity_id uuid NOT NULL,
    product_id uuid NOT NULL,
    quantity integer NOT NULL CHECK (quantity > 0),
    unit_price numeric(10, 2) NOT NULL,
    is_deleted boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE interactions (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    organization_id uuid NOT NULL,
    contact_id uuid,
    user_id uuid NOT NULL,
    opportunity_id uuid,
    interaction_type text NOT NULL CHECK (interaction_type IN
        ('CALL', 'EMAIL', 'MEETING', 'VISIT', 'DEMO', 'PROPOSAL', 'FOLLOW_UP')),
    interaction_date timestamptz NOT NULL,
    duration_minutes integer CHECK (duration_minutes >= 0),
    outcome text NOT NULL,
    notes text NOT NULL DEFAULT '',
    follow_up_required boolean NOT NULL DEFAULT false,
    follow_up_date date,
    sentiment_score integer CHECK (sentiment_score BETWEEN 1 AND 5),
    is_deleted boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);
