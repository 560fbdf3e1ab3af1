-- Which entries hold content of which person. `subject` is a keyed hash of issuer and subject, so the table names nobody.
CREATE TABLE evidence_subject (
  org text NOT NULL,
  subject bytea NOT NULL CHECK (length(subject) = 16),
  origin text NOT NULL,
  index bigint NOT NULL,
  PRIMARY KEY (org, subject, origin, index)
);
SELECT mandate_secure_table('evidence_subject');

-- The key of that hash, sealed under the master key. Kept for good: another one would orphan every row above.
CREATE TABLE evidence_subject_key (
  org text NOT NULL PRIMARY KEY,
  sealed_key bytea NOT NULL,
  wrapped_key bytea NOT NULL
);
SELECT mandate_secure_table('evidence_subject_key');

-- What nobody may erase and no clean-up may end, until it is released.
CREATE TABLE evidence_hold (
  org text NOT NULL,
  id text NOT NULL,
  kind text NOT NULL CHECK (kind IN ('subject', 'system', 'session', 'entry')),
  scope jsonb NOT NULL,
  basis text NOT NULL,
  placed_by text NOT NULL,
  placed_at timestamptz NOT NULL,
  released_by text,
  released_at timestamptz,
  release_reason text,
  PRIMARY KEY (org, id),
  CHECK ((released_at IS NULL) = (released_by IS NULL))
);
SELECT mandate_secure_table('evidence_hold');

-- What was erased: scope and moment say which keys a restored backup must lose again before it serves.
CREATE TABLE evidence_erasure (
  org text NOT NULL,
  id text NOT NULL,
  kind text NOT NULL CHECK (kind IN ('subject', 'system', 'session', 'entry', 'retention')),
  scope jsonb NOT NULL,
  basis text NOT NULL,
  asked_by text NOT NULL,
  -- Null for what retention ended.
  approval text,
  erased_at timestamptz NOT NULL,
  irrecoverable_by timestamptz NOT NULL,
  entries bigint NOT NULL,
  keys bigint NOT NULL,
  -- When the pages that had held the keys were rewritten.
  shredded_at timestamptz,
  PRIMARY KEY (org, id)
);
CREATE INDEX evidence_erasure_unshredded ON evidence_erasure (org, erased_at) WHERE shredded_at IS NULL;
SELECT mandate_secure_table('evidence_erasure');

-- One key-encryption key at a time for each system, retention class and month; one that was rotated out stays for what it wrapped.
ALTER TABLE evidence_kek ADD COLUMN retention text NOT NULL DEFAULT '';
ALTER TABLE evidence_kek ADD COLUMN retired_at timestamptz;
ALTER TABLE evidence_kek DROP CONSTRAINT evidence_kek_org_system_month_key;
CREATE UNIQUE INDEX evidence_kek_current ON evidence_kek (org, system, month, retention) WHERE retired_at IS NULL;
-- Retention and erasure by system go by key-encryption key.
CREATE INDEX evidence_key_by_kek ON evidence_key (org, kid);
