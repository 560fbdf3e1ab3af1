-- When what a key-encryption key opens has been kept long enough: compared with the clock at each reading, whether or not
-- the clean-up ran. Null: its system has no end for content.
ALTER TABLE evidence_kek ADD COLUMN ends_at timestamptz;
-- Ciphertexts by the entry that brought them, for what one entry refers to.
CREATE INDEX evidence_payload_by_place ON evidence_payload (org, origin, index);
