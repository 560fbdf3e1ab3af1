-- What grows without end and is asked for by time, or goes by time, stands in a table a month: decisions and their tags by
-- the id, whose order is that of time; sealed content and its keys by the month in which they came. Entries stay in one
-- table: they are read by their place, never end, and grow at one edge of one index (docs/scale.md).
-- Nothing is copied: what was there becomes the first partition.

-- A month's table, ready before it is attached: attaching takes no lock that stops reading or writing, and a moment's on
-- the table of strays. Rows of that month that went astray move with it, unless there are more than `stray_limit`.
-- @returns false, and nothing done, where too many went astray
CREATE FUNCTION mandate_add_partition(parent text, name text, low text, high text, stray_limit integer) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
  by_column text := CASE WHEN parent IN ('decision', 'decision_tag') THEN 'id' ELSE 'period' END;
  named text;
  strays bigint := 0;
  more bigint;
BEGIN
  EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING STORAGE INCLUDING INDEXES)', name, parent);
  -- Within a month alone: a key over all months would have to hold the month.
  IF parent = 'evidence_payload' THEN
    EXECUTE format('ALTER TABLE %I ADD PRIMARY KEY (ct, org), SET (toast_tuple_target = 8160)', name);
  ELSIF parent = 'evidence_key' THEN
    EXECUTE format('ALTER TABLE %I ADD PRIMARY KEY (org, origin, index, part)', name);
  END IF;
  PERFORM set_config('mandate.scope', 'installation', true);
  FOR named IN SELECT org FROM organization LOOP
    PERFORM set_config('mandate.org', named, true);
    EXECUTE format('SELECT count(*) FROM (SELECT FROM %I WHERE org = %L AND %I >= %L AND %I < %L LIMIT %s) AS found', parent || '_other', named, by_column, low, by_column, high, stray_limit + 1) INTO more;
    strays := strays + more;
    EXIT WHEN strays > stray_limit;
    IF more > 0 THEN
      EXECUTE format('WITH gone AS (DELETE FROM %I WHERE org = %L AND %I >= %L AND %I < %L RETURNING *) INSERT INTO %I SELECT * FROM gone', parent || '_other', named, by_column, low, by_column, high, name);
    END IF;
  END LOOP;
  PERFORM set_config('mandate.scope', '', true);
  PERFORM set_config('mandate.org', '', true);
  IF strays > stray_limit THEN
    EXECUTE format('DROP TABLE %I', name);
    RETURN false;
  END IF;
  PERFORM mandate_secure_table(name::regclass);
  EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', parent, name, low, high);
  RETURN true;
END $$;

ALTER TABLE evidence_payload RENAME TO evidence_payload_kept;
ALTER INDEX evidence_payload_pkey RENAME TO evidence_payload_kept_pkey;
ALTER INDEX evidence_payload_by_place RENAME TO evidence_payload_kept_by_place;
CREATE TABLE evidence_payload (LIKE evidence_payload_kept INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING STORAGE) PARTITION BY RANGE (period);
ALTER TABLE evidence_payload DROP CONSTRAINT evidence_payload_before;
CREATE INDEX evidence_payload_by_place ON evidence_payload (org, origin, index);
SELECT mandate_secure_table('evidence_payload');
ALTER TABLE evidence_payload ATTACH PARTITION evidence_payload_kept FOR VALUES FROM (MINVALUE) TO ('2000-01-01');
ALTER TABLE evidence_payload_kept DROP CONSTRAINT evidence_payload_before;
CREATE TABLE evidence_payload_other PARTITION OF evidence_payload (PRIMARY KEY (ct, org)) DEFAULT WITH (toast_tuple_target = 8160);
SELECT mandate_secure_table('evidence_payload_other');

ALTER TABLE evidence_key RENAME TO evidence_key_kept;
ALTER INDEX evidence_key_pkey RENAME TO evidence_key_kept_pkey;
ALTER INDEX evidence_key_by_kek RENAME TO evidence_key_kept_by_kek;
CREATE TABLE evidence_key (LIKE evidence_key_kept INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING STORAGE) PARTITION BY RANGE (period);
ALTER TABLE evidence_key DROP CONSTRAINT evidence_key_before;
CREATE INDEX evidence_key_by_kek ON evidence_key (org, kid);
SELECT mandate_secure_table('evidence_key');
ALTER TABLE evidence_key ATTACH PARTITION evidence_key_kept FOR VALUES FROM (MINVALUE) TO ('2000-01-01');
ALTER TABLE evidence_key_kept DROP CONSTRAINT evidence_key_before;
CREATE TABLE evidence_key_other PARTITION OF evidence_key (PRIMARY KEY (org, origin, index, part)) DEFAULT;
SELECT mandate_secure_table('evidence_key_other');

ALTER TABLE decision RENAME TO decision_before;
ALTER INDEX decision_pkey RENAME TO decision_before_pkey;
ALTER INDEX decision_by_system RENAME TO decision_before_by_system;
ALTER INDEX decision_by_resource RENAME TO decision_before_by_resource;
ALTER INDEX decision_by_rule RENAME TO decision_before_by_rule;
ALTER INDEX decision_by_code RENAME TO decision_before_by_code;
ALTER INDEX decision_by_outcome RENAME TO decision_before_by_outcome;
ALTER INDEX decision_by_credential RENAME TO decision_before_by_credential;
ALTER INDEX decision_by_session RENAME TO decision_before_by_session;
ALTER INDEX decision_by_subject RENAME TO decision_before_by_subject;
ALTER INDEX decision_by_reason RENAME TO decision_before_by_reason;
CREATE TABLE decision (LIKE decision_before INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING STORAGE) PARTITION BY RANGE (id);
ALTER TABLE decision DROP CONSTRAINT IF EXISTS decision_before;
ALTER TABLE decision ADD PRIMARY KEY (org, id);
CREATE INDEX decision_by_system ON decision (org, system, id DESC);
CREATE INDEX decision_by_resource ON decision (org, resource, id DESC);
CREATE INDEX decision_by_rule ON decision (org, rule, id DESC) WHERE rule IS NOT NULL;
CREATE INDEX decision_by_code ON decision (org, code, id DESC) WHERE code IS NOT NULL;
CREATE INDEX decision_by_outcome ON decision (org, outcome, id DESC) WHERE outcome <> 'allow';
CREATE INDEX decision_by_credential ON decision (org, credential, id DESC) WHERE credential IS NOT NULL;
CREATE INDEX decision_by_session ON decision (org, session, id DESC) WHERE session IS NOT NULL;
CREATE INDEX decision_by_subject ON decision (org, subject, id DESC) WHERE subject IS NOT NULL;
CREATE INDEX decision_by_reason ON decision (org, md5(reason), id DESC);
SELECT mandate_secure_table('decision');
CREATE TABLE decision_other PARTITION OF decision DEFAULT;
SELECT mandate_secure_table('decision_other');

ALTER TABLE decision_tag RENAME TO decision_tag_before;
ALTER INDEX decision_tag_pkey RENAME TO decision_tag_before_pkey;
CREATE TABLE decision_tag (LIKE decision_tag_before INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING STORAGE) PARTITION BY RANGE (id);
ALTER TABLE decision_tag DROP CONSTRAINT IF EXISTS decision_tag_before;
ALTER TABLE decision_tag ADD PRIMARY KEY (org, kind, value, id);
SELECT mandate_secure_table('decision_tag');
CREATE TABLE decision_tag_other PARTITION OF decision_tag DEFAULT;
SELECT mandate_secure_table('decision_tag_other');

-- Ids that name no moment of ours stand with the strays.
DO $$
DECLARE
  named text;
  bound text := mandate_decision_id(mandate_first_month());
BEGIN
  PERFORM set_config('mandate.scope', 'installation', true);
  FOR named IN SELECT org FROM organization LOOP
    PERFORM set_config('mandate.org', named, true);
    WITH gone AS (DELETE FROM decision_before WHERE org = named AND id >= bound RETURNING *) INSERT INTO decision_other SELECT * FROM gone;
    WITH gone AS (DELETE FROM decision_tag_before WHERE org = named AND id >= bound RETURNING *) INSERT INTO decision_tag_other SELECT * FROM gone;
  END LOOP;
  PERFORM set_config('mandate.scope', '', true);
  PERFORM set_config('mandate.org', '', true);
  EXECUTE format('ALTER TABLE decision ATTACH PARTITION decision_before FOR VALUES FROM (MINVALUE) TO (%L)', bound);
  EXECUTE format('ALTER TABLE decision_tag ATTACH PARTITION decision_tag_before FOR VALUES FROM (MINVALUE) TO (%L)', bound);
  ALTER TABLE decision_before DROP CONSTRAINT IF EXISTS decision_before;
  ALTER TABLE decision_tag_before DROP CONSTRAINT IF EXISTS decision_tag_before;
END $$;

-- The release before this one runs on while this one starts: its role keeps its rights.
DO $$ BEGIN
  IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'mandate_app') THEN
    GRANT SELECT, INSERT, UPDATE, DELETE ON evidence_payload, evidence_key, decision, decision_tag TO mandate_app;
  END IF;
END $$;

-- As before, and content goes to the month in which it came. What the control plane itself wrote is kept for good, in a
-- table of its own, so that a month of calls can leave whole.
CREATE OR REPLACE FUNCTION mandate_append(
  log_org text, log_origin text, old_size bigint, old_root bytea, new_size bigint, new_root bytea, new_frontier bytea, new_head text,
  leaves bytea, leaf_offsets integer[], leaf_lengths integer[],
  tile_levels integer[], tile_indexes bigint[], tiles bytea, tile_offsets integer[], tile_lengths integer[],
  sealed_indexes bigint[], sealed_parts integer[], cts bytea, payloads bytea, payload_offsets integer[], payload_lengths integer[],
  kids text[], wrapped_keys bytea, wrapped_offsets integer[], wrapped_lengths integer[]
) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
  log_writer text;
  month date;
BEGIN
  UPDATE evidence_log SET size = new_size, root = new_root, frontier = new_frontier, head = new_head
    WHERE org = log_org AND origin = log_origin AND size = old_size AND root = old_root AND closed_at IS NULL
    RETURNING writer INTO log_writer;
  IF NOT FOUND THEN
    RETURN false;
  END IF;
  INSERT INTO evidence_entry (org, origin, index, leaf)
    SELECT log_org, log_origin, old_size + at - 1, substring(leaves FROM part.off FOR part.len)
    FROM unnest(leaf_offsets, leaf_lengths) WITH ORDINALITY AS part(off, len, at);
  INSERT INTO evidence_tile (org, origin, level, index, hashes)
    SELECT log_org, log_origin, part.level, part.index, substring(tiles FROM part.off FOR part.len)
    FROM unnest(tile_levels, tile_indexes, tile_offsets, tile_lengths) AS part(level, index, off, len)
    ON CONFLICT (org, origin, level, index) DO UPDATE SET hashes = evidence_tile.hashes || excluded.hashes;
  IF length(cts) > 0 THEN
    month := CASE WHEN log_writer IN ('control', 'meta') THEN '-infinity' ELSE date_trunc('month', now() AT TIME ZONE 'UTC')::date END;
    INSERT INTO evidence_payload (ct, org, origin, index, part, bytes, period)
      SELECT substring(cts FROM (32 * at - 31)::integer FOR 32), log_org, log_origin, sealed.index, sealed.part, substring(payloads FROM sealed.off FOR sealed.len), month
      FROM unnest(sealed_indexes, sealed_parts, payload_offsets, payload_lengths) WITH ORDINALITY AS sealed(index, part, off, len, at)
      ON CONFLICT DO NOTHING;
    INSERT INTO evidence_key (org, origin, index, part, kid, wrapped, period)
      SELECT log_org, log_origin, sealed.index, sealed.part, sealed.kid, substring(wrapped_keys FROM sealed.off FOR sealed.len), month
      FROM unnest(sealed_indexes, sealed_parts, kids, wrapped_offsets, wrapped_lengths) AS sealed(index, part, kid, off, len);
  END IF;
  RETURN true;
END $$;
