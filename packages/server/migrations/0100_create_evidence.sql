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

-- nonce, ciphertext, tag; named by its own hash.
CREATE TABLE evidence_payload (
  org text NOT NULL,
  ct text NOT NULL CHECK (ct ~ '^[0-9a-f]{64}$'),
  bytes bytea NOT NULL,
  PRIMARY KEY (org, ct)
) WITH (toast_tuple_target = 8160);
SELECT mandate_secure_table('evidence_payload');

-- Apart from the payloads, because erasing a payload is deleting its row here (G10).
CREATE TABLE evidence_key (
  org text NOT NULL,
  ct text NOT NULL CHECK (ct ~ '^[0-9a-f]{64}$'),
  kid text NOT NULL,
  wrapped bytea NOT NULL,
  PRIMARY KEY (org, ct)
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
