-- What gateways enforced, so that a decision can be made again years later. Content-addressed: a version of ten thousand
-- systems that differs in one adds one chunk.
CREATE TABLE facts_chunk (
  org text NOT NULL,
  digest bytea NOT NULL CHECK (length(digest) = 32),
  -- Deflated JSON text of consecutive items.
  bytes bytea NOT NULL,
  PRIMARY KEY (org, digest)
);
SELECT mandate_secure_table('facts_chunk');

CREATE TABLE facts_version (
  org text NOT NULL,
  digest bytea NOT NULL CHECK (length(digest) = 32),
  -- SHA-256 of this is `digest`: {members: {NAME: [CHUNK]}, rest}.
  manifest text NOT NULL,
  -- First register version that was enforced this way.
  register_version bigint NOT NULL,
  at timestamptz NOT NULL,
  PRIMARY KEY (org, digest)
);
CREATE INDEX facts_version_by_register ON facts_version (org, register_version);
SELECT mandate_secure_table('facts_version');
CREATE TRIGGER facts_chunk_immutable BEFORE UPDATE OR DELETE ON facts_chunk FOR EACH ROW EXECUTE FUNCTION mandate_refuse_change();
CREATE TRIGGER facts_version_immutable BEFORE UPDATE OR DELETE ON facts_version FOR EACH ROW EXECUTE FUNCTION mandate_refuse_change();

-- The scheduled sample's results: what was recomputed, and whether it came out the same.
CREATE TABLE replay_sample (
  org text NOT NULL,
  at timestamptz NOT NULL,
  replayed integer NOT NULL,
  same integer NOT NULL,
  unreplayable integer NOT NULL,
  mismatches jsonb NOT NULL,
  PRIMARY KEY (org, at)
);
SELECT mandate_secure_table('replay_sample');
