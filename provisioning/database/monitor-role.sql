-- The role `pantrywatch`: it sees the statistics of the whole server and nothing of the data in its tables.
--
-- Run as a superuser (or, where there is none, as the role that owns the server), once a server, as often as you like:
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

-- Two kept-open connections, one for the other databases in turn, two for a second exporter and for `validate`.
ALTER ROLE pantrywatch LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION CONNECTION LIMIT 5;

-- Statistics, settings and WAL files of the server; includes pg_read_all_stats and pg_read_all_settings.
GRANT pg_monitor TO pantrywatch;

-- PostgreSQL 16 and later: with reserved_connections set, the role gets in when the application has used up the rest.
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'pg_use_reserved_connections') THEN
        GRANT pg_use_reserved_connections TO pantrywatch;
    END IF;
END
$$;

-- The exporter sets tighter limits for each query; these hold for whoever else uses the role.
ALTER ROLE pantrywatch SET default_transaction_read_only = on;
ALTER ROLE pantrywatch SET statement_timeout = '30s';
ALTER ROLE pantrywatch SET lock_timeout = '1s';
ALTER ROLE pantrywatch SET idle_in_transaction_session_timeout = '10s';
