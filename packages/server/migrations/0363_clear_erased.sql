-- Sealed content whose key was destroyed opens for nobody. Its bytes go; its name stays, with the entry of the log that says so, so
-- that bytes which were taken away otherwise are told from these.
CREATE TABLE evidence_cleared (
  org text NOT NULL,
  ct bytea NOT NULL CHECK (length(ct) = 32),
  log text NOT NULL,
  index bigint NOT NULL,
  -- Named first; the bytes go once that entry is under a published checkpoint.
  gone boolean NOT NULL DEFAULT false,
  PRIMARY KEY (ct, org)
);
CREATE INDEX evidence_cleared_waiting ON evidence_cleared (org, log, index) WHERE NOT gone;
SELECT mandate_secure_table('evidence_cleared');

-- When everything was gone through for what this erasure left.
ALTER TABLE evidence_erasure ADD COLUMN cleared_at timestamptz;
