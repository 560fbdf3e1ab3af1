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
  -- Tool calls decided inside a model's answer: [{"tool", "outcome"}]. Null where there were none, or none were counted yet.
  tools jsonb,
  PRIMARY KEY (org, id)
);
-- Ids are UUIDv7 in Crockford base32: their order is that of time, so the primary key also serves lists by time.
CREATE INDEX decision_by_system ON decision (org, system, id DESC);
SELECT mandate_secure_table('decision');

-- An outcome completes its intent's row; what it doesn't say stays. Called twice with the same rows it changes nothing.
CREATE FUNCTION mandate_index_decisions(log_org text, entries jsonb) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO decision AS d (org, id, at, outcome, code, reason, rule, system, action, resource, surface, credential, approval, duration_ms,
      input_tokens, output_tokens, policy_version, register_version, terminal, intent_log, intent_index, result_log, result_index, tools)
    SELECT log_org, r.* FROM jsonb_to_recordset(entries) AS r(
      id text, at timestamptz, outcome text, code text, reason text, rule text, system text, action text, resource text, surface text,
      credential text, approval text, duration_ms double precision, input_tokens bigint, output_tokens bigint,
      policy_version text, register_version bigint, terminal text, intent_log text, intent_index bigint, result_log text, result_index bigint, tools jsonb)
    ON CONFLICT (org, id) DO UPDATE SET
      outcome = excluded.outcome, code = excluded.code,
      reason = coalesce(nullif(excluded.reason, ''), d.reason), rule = coalesce(excluded.rule, d.rule),
      approval = coalesce(excluded.approval, d.approval), duration_ms = coalesce(excluded.duration_ms, d.duration_ms),
      input_tokens = coalesce(excluded.input_tokens, d.input_tokens), output_tokens = coalesce(excluded.output_tokens, d.output_tokens),
      terminal = coalesce(excluded.terminal, d.terminal),
      intent_log = coalesce(excluded.intent_log, d.intent_log), intent_index = coalesce(excluded.intent_index, d.intent_index),
      result_log = coalesce(excluded.result_log, d.result_log), result_index = coalesce(excluded.result_index, d.result_index),
      tools = coalesce(excluded.tools, d.tools)
    WHERE d.terminal IS NULL;
END $$;
