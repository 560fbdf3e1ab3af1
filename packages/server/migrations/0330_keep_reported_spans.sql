-- Spans that applications report of themselves, for the timeline of the conversation whose trace they name: ids and names,
-- no content, nobody's proof. A system's spans are shown with its own decisions alone. They go after a week.
CREATE TABLE reported_span (
  org text NOT NULL,
  trace text NOT NULL CHECK (trace ~ '^[0-9a-f]{32}$'),
  system text NOT NULL,
  span text NOT NULL CHECK (span ~ '^[0-9a-f]{16}$'),
  parent text CHECK (parent ~ '^[0-9a-f]{16}$'),
  operation text NOT NULL,
  model text,
  tool text,
  address text,
  decision text,
  started_at timestamptz NOT NULL,
  ended_at timestamptz,
  received_at timestamptz NOT NULL,
  PRIMARY KEY (org, trace, system, span)
);
CREATE INDEX reported_span_by_receipt ON reported_span (org, received_at);
CREATE INDEX reported_span_by_system ON reported_span (org, system, received_at DESC);
SELECT mandate_secure_table('reported_span');

-- What one decision has: its classes and traces are asked for by its id.
CREATE INDEX decision_tag_by_id ON decision_tag (org, id);
