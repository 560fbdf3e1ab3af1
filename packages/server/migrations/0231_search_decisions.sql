-- What a search asks by. Every index ends in the id, whose order is that of time: a page is read off its end.
ALTER TABLE decision ADD COLUMN session text;
ALTER TABLE decision ADD COLUMN subject bytea;
CREATE INDEX decision_by_resource ON decision (org, resource, id DESC);
CREATE INDEX decision_by_rule ON decision (org, rule, id DESC) WHERE rule IS NOT NULL;
CREATE INDEX decision_by_code ON decision (org, code, id DESC) WHERE code IS NOT NULL;
CREATE INDEX decision_by_outcome ON decision (org, outcome, id DESC) WHERE outcome <> 'allow';
CREATE INDEX decision_by_credential ON decision (org, credential, id DESC) WHERE credential IS NOT NULL;
CREATE INDEX decision_by_session ON decision (org, session, id DESC) WHERE session IS NOT NULL;
CREATE INDEX decision_by_subject ON decision (org, subject, id DESC) WHERE subject IS NOT NULL;
CREATE INDEX decision_by_reason ON decision (org, md5(reason), id DESC);

-- Reasons are few texts said often: a word is looked up here, then its decisions by the index above.
CREATE TABLE decision_reason (
  org text NOT NULL,
  digest text NOT NULL,
  reason text NOT NULL,
  PRIMARY KEY (org, digest)
);
SELECT mandate_secure_table('decision_reason');

-- What one decision has several of: data classes found, tools called inside an answer.
CREATE TABLE decision_tag (
  org text NOT NULL,
  kind text NOT NULL CHECK (kind IN ('class', 'tool')),
  value text NOT NULL,
  id text NOT NULL,
  PRIMARY KEY (org, kind, value, id)
);
SELECT mandate_secure_table('decision_tag');

INSERT INTO decision_reason (org, digest, reason) SELECT DISTINCT org, md5(reason), reason FROM decision ON CONFLICT DO NOTHING;
INSERT INTO decision_tag (org, kind, value, id)
  SELECT DISTINCT d.org, 'tool', t ->> 'tool', d.id FROM decision d, jsonb_array_elements(d.tools) AS t WHERE d.tools IS NOT NULL ON CONFLICT DO NOTHING;

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
    ON CONFLICT DO NOTHING;
  INSERT INTO evidence_subject (org, subject, origin, index)
    SELECT log_org, decode(r.subject, 'hex'), place.origin, place.index FROM jsonb_to_recordset(entries) AS r(subject text, intent_log text, intent_index bigint, result_log text, result_index bigint),
      LATERAL (VALUES (r.intent_log, r.intent_index), (r.result_log, r.result_index)) AS place(origin, index)
    WHERE r.subject IS NOT NULL AND place.origin IS NOT NULL
    ON CONFLICT DO NOTHING;
END $$;
