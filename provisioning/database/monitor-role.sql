-- The role `pantrywatch`: it sees the statistics of the whole server, but no table data.
--
-- Run as a superuser (or, if there is none, as the role that owns the server), in the database that the exporter connects
-- to (EXECUTE is granted only there). It can be run again at any time:
--     psql -d postgres -f provisioning/database/monitor-role.sql
-- then give it a password: \password pantrywatch
--
-- PostgreSQL 13 and later. In the database that the exporter connects to, top statements also need:
--     CREATE EXTENSION IF NOT EXISTS pg_stat_statements;  -- with pg_stat_statements in shared_preload_libraries

DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'pantrywatch') THEN
        CREATE ROLE pantrywatch LOGIN;
    END IF;
END
$$;

-- Two connections of the exporter, two of a second one, one for `validate`.
ALTER ROLE pantrywatch LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION CONNECTION LIMIT 5;

-- Statistics and settings of the server, the size of its WAL, and when its logs were written: no more than the exporter
-- needs. The larger grant pg_monitor, which earlier releases of this script gave, also holds locks while it scans tables.
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_auth_members WHERE roleid = 'pg_monitor'::regrole AND member = 'pantrywatch'::regrole) THEN
        REVOKE pg_monitor FROM pantrywatch;
    END IF;
END
$$;
GRANT pg_read_all_stats, pg_read_all_settings TO pantrywatch;
DO $$
BEGIN
    GRANT EXECUTE ON FUNCTION pg_catalog.pg_ls_waldir(), pg_catalog.pg_ls_logdir() TO pantrywatch;
EXCEPTION WHEN insufficient_privilege THEN
    -- A managed service may not allow EXECUTE on its functions, but lets you grant this role instead.
    GRANT pg_monitor TO pantrywatch;
END
$$;

-- Every role may create temporary tables, and large objects; a grant to PUBLIC cannot be revoked from a single role. If
-- your application needs neither, or was granted TEMPORARY itself, revoke it from all:
--     REVOKE TEMPORARY ON DATABASE crm FROM PUBLIC;

-- PostgreSQL 16 and later: with reserved_connections set, the role can connect when the application has used up the rest.
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'pg_use_reserved_connections') THEN
        GRANT pg_use_reserved_connections TO pantrywatch;
    END IF;
END
$$;

-- The exporter sets tighter limits for each query; these apply to any other use of the role.
ALTER ROLE pantrywatch SET default_transaction_read_only = on;
ALTER ROLE pantrywatch SET statement_timeout = '30s';
ALTER ROLE pantrywatch SET lock_timeout = '1s';
ALTER ROLE pantrywatch SET idle_in_transaction_session_timeout = '10s';
