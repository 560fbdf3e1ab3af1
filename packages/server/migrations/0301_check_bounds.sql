-- Reads each table once, under a lock that lets calls be recorded meanwhile.
ALTER TABLE evidence_payload VALIDATE CONSTRAINT evidence_payload_before;
ALTER TABLE evidence_key VALIDATE CONSTRAINT evidence_key_before;
DO $$ BEGIN
  IF EXISTS (SELECT FROM pg_constraint WHERE conrelid = 'decision'::regclass AND conname = 'decision_before') THEN
    ALTER TABLE decision VALIDATE CONSTRAINT decision_before;
    ALTER TABLE decision_tag VALIDATE CONSTRAINT decision_tag_before;
  END IF;
END $$;
