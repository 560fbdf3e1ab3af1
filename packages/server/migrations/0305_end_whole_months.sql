-- Which tables an erasure took rows from: only those are rewritten, so that a month's erasure locks a month. Null: any.
ALTER TABLE evidence_erasure ADD COLUMN tables text[];

-- A month of keys whose content has ended goes at once, with its file, instead of row by row. The application may delete these
-- rows anyway; emptying a table is its owner's alone, and this is the one case of it.
-- @returns false, and nothing done, where the month holds other keys than these, or another organization could have some there
CREATE FUNCTION mandate_end_month(month date, kids text[]) RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
  name text := 'evidence_key_' || to_char(month, 'YYYY_MM');
  named text := mandate_org();
  foreign_keys boolean;
  organizations integer;
BEGIN
  IF to_regclass(name) IS NULL OR month >= date_trunc('month', now() AT TIME ZONE 'UTC')::date THEN
    RETURN false;
  END IF;
  PERFORM set_config('mandate.scope', 'installation', true);
  SELECT count(*) INTO organizations FROM organization;
  PERFORM set_config('mandate.scope', '', true);
  IF organizations <> 1 THEN
    RETURN false;
  END IF;
  PERFORM set_config('lock_timeout', '2s', true);
  EXECUTE format('LOCK TABLE %I IN ACCESS EXCLUSIVE MODE', name);
  EXECUTE format('SELECT EXISTS (SELECT FROM %I WHERE org <> $1 OR NOT kid = ANY($2))', name) INTO foreign_keys USING named, kids;
  IF foreign_keys THEN
    RETURN false;
  END IF;
  EXECUTE format('TRUNCATE %I', name);
  RETURN true;
END $$;
