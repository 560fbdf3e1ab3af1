-- One log (origin) per organization and writer; `head` is the signed note at `size`, moved in the transaction that
-- appends, so size, root, tiles and entries never disagree.
CREATE TABLE evidence_log (
  org text NOT NULL,
  origin text NOT NULL,
  writer text NOT NULL,
  epoch integer NOT NULL CHECK (epoch > 0),
  vkey text NOT NULL,
  -- PKCS #8 PEM, sealed under the master key.
  sealed_key bytea NOT NULL,
  wrapped_key bytea NOT NULL,
  size bigint NOT NULL CHECK (size >= 0),
  root bytea NOT NULL CHECK (length(root) = 32),
  frontier bytea NOT NULL,
  head text NOT NULL,
  checkpoint_size bigint NOT NULL DEFAULT 0,
  created_at timestamptz NOT NULL,
  closed_at timestamptz,
  PRIMARY KEY (org, origin),
  UNIQUE (org, writer, epoch)
);
SELECT mandate_secure_table('evidence_log');

CREATE TABLE evidence_entry (
  org text NOT NULL,
  origin text NOT NULL,
  index bigint NOT NULL CHECK (index >= 0),
  leaf bytea NOT NULL CHECK (length(leaf) <= 65536),
  PRIMARY KEY (org, origin, index)
) WITH (toast_tuple_target = 8160);
SELECT mandate_secure_table('evidence_entry');

-- C2SP tlog-tiles; the rightmost tile of a level grows in place.
CREATE TABLE evidence_tile (
  org text NOT NULL,
  origin text NOT NULL,
  level smallint NOT NULL,
  index bigint NOT NULL,
  hashes bytea NOT NULL CHECK (length(hashes) % 32 = 0 AND length(hashes) BETWEEN 32 AND 8192),
  PRIMARY KEY (org, origin, level, index)
) WITH (toast_tuple_target = 8160, fillfactor = 50);
ALTER TABLE evidence_tile ALTER COLUMN hashes SET STORAGE EXTERNAL;
SELECT mandate_secure_table('evidence_tile');

CREATE TABLE evidence_checkpoint (
  org text NOT NULL,
  origin text NOT NULL,
  size bigint NOT NULL,
  note text NOT NULL,
  at timestamptz NOT NULL,
  PRIMARY KEY (org, origin, size)
);
SELECT mandate_secure_table('evidence_checkpoint');

-- nonce, ciphertext, tag; named by its own hash. The place is the entry that brought it and its number there; a name that
-- comes again keeps its first place, so nobody can put other keys under it.
CREATE TABLE evidence_payload (
  ct bytea NOT NULL CHECK (length(ct) = 32),
  org text NOT NULL,
  origin text NOT NULL,
  index bigint NOT NULL,
  part smallint NOT NULL,
  bytes bytea NOT NULL,
  -- A hash first: comparing it decides at once.
  PRIMARY KEY (ct, org)
) WITH (toast_tuple_target = 8160);
-- Ciphertext doesn't compress: trying costs.
ALTER TABLE evidence_payload ALTER COLUMN bytes SET STORAGE EXTERNAL;
SELECT mandate_secure_table('evidence_payload');

-- Apart from the payloads, because erasing a payload is deleting its row here (G10). By place, which grows at one end: an
-- index over hashes costs as much again as everything else an append does.
-- INVARIANT: a place is written once, by the append that moves the head past it, so an erased key can't come back.
CREATE TABLE evidence_key (
  org text NOT NULL,
  origin text NOT NULL,
  index bigint NOT NULL,
  part smallint NOT NULL,
  kid text NOT NULL,
  wrapped bytea NOT NULL,
  PRIMARY KEY (org, origin, index, part)
);
SELECT mandate_secure_table('evidence_key');

-- Key-encryption keys by system and month, themselves sealed under the master key. system '' is for entries of none.
CREATE TABLE evidence_kek (
  org text NOT NULL,
  kid text NOT NULL,
  system text NOT NULL,
  month text NOT NULL CHECK (month ~ '^[0-9]{4}-[0-9]{2}$'),
  sealed_key bytea NOT NULL,
  wrapped_key bytea NOT NULL,
  PRIMARY KEY (org, kid),
  UNIQUE (org, system, month)
);
SELECT mandate_secure_table('evidence_kek');

-- Leaves, tiles, payloads, wrapped keys and the new signed head of one batch in one round trip, all or nothing. Many byte
-- strings travel as one that is sliced here, which costs half of an array of bytea; a function's plans are kept, which
-- costs half of planning each statement anew.
-- INVARIANT: the head moves by compare-and-set on (size, root), so a second writer with an old head can't fork the log.
-- False, and nothing done, when the log isn't at `old_size` and `old_root`.
CREATE FUNCTION mandate_append(
  log_org text, log_origin text, old_size bigint, old_root bytea, new_size bigint, new_root bytea, new_frontier bytea, new_head text,
  leaves bytea, leaf_offsets integer[], leaf_lengths integer[],
  tile_levels integer[], tile_indexes bigint[], tiles bytea, tile_offsets integer[], tile_lengths integer[],
  sealed_indexes bigint[], sealed_parts integer[], cts bytea, payloads bytea, payload_offsets integer[], payload_lengths integer[],
  kids text[], wrapped_keys bytea, wrapped_offsets integer[], wrapped_lengths integer[]
) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
  UPDATE evidence_log SET size = new_size, root = new_root, frontier = new_frontier, head = new_head
    WHERE org = log_org AND origin = log_origin AND size = old_size AND root = old_root AND closed_at IS NULL;
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
    INSERT INTO evidence_payload (ct, org, origin, index, part, bytes)
      SELECT substring(cts FROM (32 * at - 31)::integer FOR 32), log_org, log_origin, sealed.index, sealed.part, substring(payloads FROM sealed.off FOR sealed.len)
      FROM unnest(sealed_indexes, sealed_parts, payload_offsets, payload_lengths) WITH ORDINALITY AS sealed(index, part, off, len, at)
      ON CONFLICT DO NOTHING;
    INSERT INTO evidence_key (org, origin, index, part, kid, wrapped)
      SELECT log_org, log_origin, sealed.index, sealed.part, sealed.kid, substring(wrapped_keys FROM sealed.off FOR sealed.len)
      FROM unnest(sealed_indexes, sealed_parts, kids, wrapped_offsets, wrapped_lengths) AS sealed(index, part, kid, off, len);
  END IF;
  RETURN true;
END $$;
