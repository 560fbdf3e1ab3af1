-- A decision is found by the trace that its caller named, so that spans of applications join it.
ALTER TABLE decision_tag DROP CONSTRAINT decision_tag_kind_check;
ALTER TABLE decision_tag ADD CONSTRAINT decision_tag_kind_check CHECK (kind IN ('class', 'tool', 'trace'));

CREATE OR REPLACE FUNCTION mandate_index_decisions(log_org text, entries jsonb) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO decision AS d (org, id, at, outcome, code, reason, rule, system, action, resource, surface, credential, approval, duration_ms,
      input_tokens, output_tokens, policy_version, register_version, terminal, intent_log, intent_index, result_log, result_index, tools, session, subject)
    SELECT log_org, r.id, r.at, r.outcome, r.code, r.reason, r.rule, r.system, r.action, r.resource, r.surface, r.credential, r.approval, r.duration_ms,
      r.input_tokens, r.output_tokens, r.policy_version, r.register_version, r.terminal, r.intent_log, r.intent_index, r.result_log, r.result_index, r.tools,
      r.session, decode(r.subject, 'hex')
    FROM jsonb_to_recordset(entries) AS r(
      id text, at timestamptz, outcome text, code text, reason text, rule text, system text, action text, resource text, surface text,
      credential text, approval text, duration_ms double precision, input_tokens bigint, output_tokens bigint,
      policy_version text, register_version bigint, terminal text, intent_log text, intent_index bigint, result_log text, result_index bigint, tools jsonb,
      session text, subject text)
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
  INSERT INTO decision_reason (org, digest, reason)
    SELECT DISTINCT log_org, md5(r.reason), r.reason FROM jsonb_to_recordset(entries) AS r(reason text)
    WHERE NOT EXISTS (SELECT FROM decision_reason k WHERE k.org = log_org AND k.digest = md5(r.reason))
    ON CONFLICT DO NOTHING;
  INSERT INTO decision_tag (org, kind, value, id)
    SELECT DISTINCT log_org, 'class', c, r.id FROM jsonb_to_recordset(entries) AS r(id text, classes jsonb), jsonb_array_elements_text(r.classes) AS c
      WHERE jsonb_typeof(r.classes) = 'array'
    UNION SELECT DISTINCT log_org, 'tool', t ->> 'tool', r.id FROM jsonb_to_recordset(entries) AS r(id text, tools jsonb), jsonb_array_elements(r.tools) AS t
      WHERE jsonb_typeof(r.tools) = 'array' AND t ->> 'tool' IS NOT NULL
    UNION SELECT DISTINCT log_org, 'trace', r.trace, r.id FROM jsonb_to_recordset(entries) AS r(id text, trace text) WHERE r.trace IS NOT NULL
    ON CONFLICT DO NOTHING;
  INSERT INTO evidence_subject (org, subject, origin, index)
    SELECT log_org, decode(r.subject, 'hex'), place.origin, place.index FROM jsonb_to_recordset(entries) AS r(subject text, intent_log text, intent_index bigint, result_log text, result_index bigint),
      LATERAL (VALUES (r.intent_log, r.intent_index), (r.result_log, r.result_index)) AS place(origin, index)
    WHERE r.subject IS NOT NULL AND place.origin IS NOT NULL
    ON CONFLICT DO NOTHING;
END $$;
