-- A name of a payload is new in all but hostile cases, and a row that is only tried costs half as much again as one that is
-- written: so it is written, and only a batch that brings a name again tries each.
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
    BEGIN
      INSERT INTO evidence_payload (ct, org, origin, index, part, bytes, period)
        SELECT substring(cts FROM (32 * at - 31)::integer FOR 32), log_org, log_origin, sealed.index, sealed.part, substring(payloads FROM sealed.off FOR sealed.len), month
        FROM unnest(sealed_indexes, sealed_parts, payload_offsets, payload_lengths) WITH ORDINALITY AS sealed(index, part, off, len, at);
    EXCEPTION WHEN unique_violation THEN
      INSERT INTO evidence_payload (ct, org, origin, index, part, bytes, period)
        SELECT substring(cts FROM (32 * at - 31)::integer FOR 32), log_org, log_origin, sealed.index, sealed.part, substring(payloads FROM sealed.off FOR sealed.len), month
        FROM unnest(sealed_indexes, sealed_parts, payload_offsets, payload_lengths) WITH ORDINALITY AS sealed(index, part, off, len, at)
        ON CONFLICT DO NOTHING;
    END;
    INSERT INTO evidence_key (org, origin, index, part, kid, wrapped, period)
      SELECT log_org, log_origin, sealed.index, sealed.part, sealed.kid, substring(wrapped_keys FROM sealed.off FOR sealed.len), month
      FROM unnest(sealed_indexes, sealed_parts, kids, wrapped_offsets, wrapped_lengths) AS sealed(index, part, kid, off, len);
  END IF;
  RETURN true;
END $$;

-- Rows of the index of decisions: `begun` have none yet, `ended` complete one that may be there. Called twice with the same
-- rows it changes nothing. JSON is read once, and what a row seldom has comes apart from it.
CREATE FUNCTION mandate_index_batch(
  log_org text, begun json, ended json, reasons text[], tag_kinds text[], tag_values text[], tag_ids text[],
  subjects text[], subject_origins text[], subject_indexes bigint[]
) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  IF begun IS NOT NULL THEN
    BEGIN
      INSERT INTO decision SELECT r.* FROM json_populate_recordset(NULL::decision, begun) AS r;
    EXCEPTION WHEN unique_violation THEN
      PERFORM mandate_complete_decisions(begun);
    END;
  END IF;
  IF ended IS NOT NULL THEN
    PERFORM mandate_complete_decisions(ended);
  END IF;
  IF cardinality(reasons) > 0 THEN
    INSERT INTO decision_reason (org, digest, reason) SELECT DISTINCT log_org, md5(t), t FROM unnest(reasons) AS t ON CONFLICT DO NOTHING;
  END IF;
  IF cardinality(tag_ids) > 0 THEN
    INSERT INTO decision_tag (org, kind, value, id) SELECT DISTINCT log_org, t.kind, t.value, t.id FROM unnest(tag_kinds, tag_values, tag_ids) AS t(kind, value, id) ON CONFLICT DO NOTHING;
  END IF;
  IF cardinality(subjects) > 0 THEN
    INSERT INTO evidence_subject (org, subject, origin, index)
      SELECT DISTINCT log_org, decode(s.subject, 'hex'), s.origin, s.index FROM unnest(subjects, subject_origins, subject_indexes) AS s(subject, origin, index) ON CONFLICT DO NOTHING;
  END IF;
END $$;

CREATE FUNCTION mandate_complete_decisions(entries json) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO decision AS d SELECT r.* FROM json_populate_recordset(NULL::decision, entries) AS r
    ON CONFLICT (org, id) DO UPDATE SET
      outcome = excluded.outcome, code = excluded.code,
      reason = coalesce(nullif(excluded.reason, ''), d.reason), rule = coalesce(excluded.rule, d.rule),
      approval = coalesce(excluded.approval, d.approval), duration_ms = coalesce(excluded.duration_ms, d.duration_ms),
      input_tokens = coalesce(excluded.input_tokens, d.input_tokens), output_tokens = coalesce(excluded.output_tokens, d.output_tokens),
      terminal = coalesce(excluded.terminal, d.terminal),
      intent_log = coalesce(excluded.intent_log, d.intent_log), intent_index = coalesce(excluded.intent_index, d.intent_index),
      result_log = coalesce(excluded.result_log, d.result_log), result_index = coalesce(excluded.result_index, d.result_index),
      tools = coalesce(excluded.tools, d.tools),
      session = coalesce(excluded.session, d.session), subject = coalesce(excluded.subject, d.subject)
    WHERE d.terminal IS NULL;
END $$;

-- Everything that one batch is, in one statement and one way to the database: it names its organization itself, so that no
-- transaction has to be opened around it.
CREATE FUNCTION mandate_take_batch(
  log_org text, log_origin text, old_size bigint, old_root bytea, new_size bigint, new_root bytea, new_frontier bytea, new_head text,
  leaves bytea, leaf_offsets integer[], leaf_lengths integer[],
  tile_levels integer[], tile_indexes bigint[], tiles bytea, tile_offsets integer[], tile_lengths integer[],
  sealed_indexes bigint[], sealed_parts integer[], cts bytea, payloads bytea, payload_offsets integer[], payload_lengths integer[],
  kids text[], wrapped_keys bytea, wrapped_offsets integer[], wrapped_lengths integer[],
  systems text[], counts bigint[],
  begun json, ended json, reasons text[], tag_kinds text[], tag_values text[], tag_ids text[],
  subjects text[], subject_origins text[], subject_indexes bigint[]
) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
  PERFORM set_config('mandate.org', log_org, true);
  IF NOT mandate_append(log_org, log_origin, old_size, old_root, new_size, new_root, new_frontier, new_head, leaves, leaf_offsets, leaf_lengths,
      tile_levels, tile_indexes, tiles, tile_offsets, tile_lengths, sealed_indexes, sealed_parts, cts, payloads, payload_offsets, payload_lengths,
      kids, wrapped_keys, wrapped_offsets, wrapped_lengths) THEN
    RETURN false;
  END IF;
  PERFORM mandate_count_entries(log_org, log_origin, old_size, new_size, systems, counts);
  PERFORM mandate_index_batch(log_org, begun, ended, reasons, tag_kinds, tag_values, tag_ids, subjects, subject_origins, subject_indexes);
  RETURN true;
END $$;

-- Room in each page of decisions for what ends a call: its row then stays in its page, and none of its indexes is touched.
CREATE OR REPLACE FUNCTION mandate_add_partition(parent text, name text, low text, high text, stray_limit integer) RETURNS boolean LANGUAGE plpgsql AS $$
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
  ELSIF parent = 'decision' THEN
    EXECUTE format('ALTER TABLE %I SET (fillfactor = 85)', name);
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
DO $$ DECLARE month regclass; BEGIN
  FOR month IN SELECT inhrelid::regclass FROM pg_inherits WHERE inhparent = 'decision'::regclass LOOP
    EXECUTE format('ALTER TABLE %s SET (fillfactor = 85)', month);
  END LOOP;
END $$;
