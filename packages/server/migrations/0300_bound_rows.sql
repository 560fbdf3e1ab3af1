-- Ahead of partitions by month: what stands in the tables that will be split is bounded, so that each can become a first
-- partition without being read again under a lock.

-- The month in which content came; '-infinity' for what came before there were months, and for what is kept for good.
ALTER TABLE evidence_payload ADD COLUMN period date NOT NULL DEFAULT '-infinity';
ALTER TABLE evidence_key ADD COLUMN period date NOT NULL DEFAULT '-infinity';
ALTER TABLE evidence_payload ADD CONSTRAINT evidence_payload_before CHECK (period = '-infinity') NOT VALID;
ALTER TABLE evidence_key ADD CONSTRAINT evidence_key_before CHECK (period = '-infinity') NOT VALID;

-- The lowest id of a moment: ids are UUIDv7 in Crockford base32, whose first ten characters are the milliseconds.
CREATE FUNCTION mandate_decision_id(at timestamptz) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT 'dec_' || string_agg(substr('0123456789abcdefghjkmnpqrstvwxyz', (((ms << 2) >> (5 * place)) & 31)::integer + 1, 1), '' ORDER BY place DESC)
  FROM (SELECT (extract(epoch FROM at) * 1000)::bigint AS ms) AS moment, generate_series(0, 9) AS place
$$;

-- Where months of their own begin: two months from now, so that the release before this one writes on while both run.
CREATE FUNCTION mandate_first_month() RETURNS timestamptz LANGUAGE sql STABLE AS $$
  SELECT (date_trunc('month', now() AT TIME ZONE 'UTC') + interval '2 months') AT TIME ZONE 'UTC'
$$;

-- No bound where an id beyond it is there already: the next step then moves it.
DO $$
DECLARE
  named text;
  beyond boolean := false;
  bound text := mandate_decision_id(mandate_first_month());
BEGIN
  PERFORM set_config('mandate.scope', 'installation', true);
  FOR named IN SELECT org FROM organization LOOP
    PERFORM set_config('mandate.org', named, true);
    beyond := beyond OR EXISTS (SELECT FROM decision WHERE org = named AND id >= bound) OR EXISTS (SELECT FROM decision_tag WHERE org = named AND id >= bound);
  END LOOP;
  PERFORM set_config('mandate.scope', '', true);
  PERFORM set_config('mandate.org', '', true);
  IF NOT beyond THEN
    EXECUTE format('ALTER TABLE decision ADD CONSTRAINT decision_before CHECK (id < %L) NOT VALID', bound);
    EXECUTE format('ALTER TABLE decision_tag ADD CONSTRAINT decision_tag_before CHECK (id < %L) NOT VALID', bound);
  END IF;
END $$;
