-- Row security: each transaction names its organization in mandate.org; every policy compares that with the row.
-- current_setting(..., true) is NULL or empty when nothing was named, and then no row is visible.
CREATE FUNCTION mandate_org() RETURNS text LANGUAGE sql STABLE PARALLEL SAFE
  AS $$ SELECT nullif(current_setting('mandate.org', true), '') $$;

-- One call per table keeps every table alike: SELECT mandate_secure_table('name').
-- FORCE binds the owner too, which on an outside server is the role that Mandate signs in with.
CREATE FUNCTION mandate_secure_table(target regclass) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', target);
  EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', target);
  EXECUTE format('CREATE POLICY same_organization ON %s USING (org = mandate_org()) WITH CHECK (org = mandate_org())', target);
END $$;

CREATE TABLE organization (
  org text PRIMARY KEY CHECK (org ~ '^org_[0-9a-z]{1,40}$'),
  name text NOT NULL CHECK (name ~ '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$'),
  created_at timestamptz NOT NULL
);
SELECT mandate_secure_table('organization');

-- A start has to learn which organizations there are before it can name one. Reading this list is all it may do.
CREATE POLICY installation_lists ON organization FOR SELECT USING (current_setting('mandate.scope', true) = 'installation');
