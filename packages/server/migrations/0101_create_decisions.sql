-- An index over entries, rebuilt from them at any time; it proves nothing by itself.
CREATE TABLE decision (
  org text NOT NULL,
  id text NOT NULL,
  at timestamptz NOT NULL,
  outcome text NOT NULL CHECK (outcome IN ('allow', 'hold', 'deny')),
  code text,
  reason text NOT NULL,
  rule text,
  system text,
  action text NOT NULL,
  resource text NOT NULL,
  surface text NOT NULL,
  credential text,
  approval text,
  duration_ms double precision,
  input_tokens bigint,
  output_tokens bigint,
  policy_version text NOT NULL,
  register_version bigint NOT NULL,
  terminal text,
  intent_log text,
  intent_index bigint,
  result_log text,
  result_index bigint,
  PRIMARY KEY (org, id)
);
-- Ids are UUIDv7 in Crockford base32: their order is that of time, so the primary key also serves lists by time.
CREATE INDEX decision_by_system ON decision (org, system, id DESC);
CREATE INDEX decision_open ON decision (org, id) WHERE terminal IS NULL;
SELECT mandate_secure_table('decision');
