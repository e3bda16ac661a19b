-- The role `pantrywatch_advise`: as it `pantrywatch advise --apply ID` creates and drops indexes, analyzes tables, and changes
-- what autovacuum waits for. Without the section `advise` in the settings nobody uses it.
--
-- Run as a superuser (or, if there is none, as a role that may create roles):
--     psql -d postgres -f provisioning/database/advise-role.sql
-- then give it a password: \password pantrywatch_advise
-- and for each role that owns tables, as only an owner may index them:
--     GRANT crm_owner TO pantrywatch_advise;
-- Never grant it a superuser, nor a role that the application logs in as and that owns nothing.
--
-- PostgreSQL 13 and later. It can be run again at any time.

DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'pantrywatch_advise') THEN
        CREATE ROLE pantrywatch_advise LOGIN;
    END IF;
END
$$;

-- One connection that changes something, one that cancels it. NOINHERIT: the owner's rights are not its own; it takes them
-- by SET ROLE for the one statement that it runs.
ALTER ROLE pantrywatch_advise
    LOGIN NOINHERIT NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS CONNECTION LIMIT 2;

-- The command sets the same; these apply to any other use of the role. A change gives up rather than have others wait behind
-- it, and an index that takes longer than an hour is to be built by a person.
ALTER ROLE pantrywatch_advise SET lock_timeout = '1s';
ALTER ROLE pantrywatch_advise SET statement_timeout = '1h';
ALTER ROLE pantrywatch_advise SET idle_in_transaction_session_timeout = '10s';
