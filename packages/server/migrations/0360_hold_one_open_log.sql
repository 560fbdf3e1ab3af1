-- A writer's log is closed and its next one begun in one transaction. Whatever goes wrong in between, a writer never has two
-- logs that take entries.
CREATE UNIQUE INDEX evidence_log_open ON evidence_log (org, writer) WHERE closed_at IS NULL;
