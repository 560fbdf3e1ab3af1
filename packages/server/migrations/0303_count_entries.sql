-- How many entries each system has in each log, so that a checkpoint can seal it and a pack of one system shows whether all of
-- its entries are there. '' counts what belongs to no system; records of audits belong to audits and aren't counted.
CREATE TABLE evidence_count (
  org text NOT NULL,
  origin text NOT NULL,
  system text NOT NULL CHECK (length(system) <= 128),
  entries bigint NOT NULL CHECK (entries > 0),
  -- As the meta-log last said.
  sealed bigint NOT NULL DEFAULT 0,
  PRIMARY KEY (org, origin, system)
) WITH (fillfactor = 50);
CREATE INDEX evidence_count_unsealed ON evidence_count (org, origin) WHERE entries <> sealed;
SELECT mandate_secure_table('evidence_count');

-- Which entries the counts are of. A release that counts nothing leaves a gap, and counting then begins anew behind it.
CREATE TABLE evidence_counted (
  org text NOT NULL,
  origin text NOT NULL,
  from_index bigint NOT NULL,
  to_index bigint NOT NULL,
  PRIMARY KEY (org, origin),
  CHECK (from_index <= to_index)
) WITH (fillfactor = 50);
SELECT mandate_secure_table('evidence_counted');

-- A checkpoint whose counts stand beside it in the meta-log.
ALTER TABLE evidence_checkpoint ADD COLUMN counted boolean NOT NULL DEFAULT false;

CREATE FUNCTION mandate_count_entries(log_org text, log_origin text, old_size bigint, new_size bigint, systems text[], counts bigint[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  begins bigint;
BEGIN
  INSERT INTO evidence_counted AS c (org, origin, from_index, to_index) VALUES (log_org, log_origin, old_size, new_size)
    ON CONFLICT (org, origin) DO UPDATE SET from_index = CASE WHEN c.to_index = old_size THEN c.from_index ELSE old_size END, to_index = new_size
    RETURNING from_index INTO begins;
  IF begins = old_size THEN
    DELETE FROM evidence_count WHERE org = log_org AND origin = log_origin;
  END IF;
  INSERT INTO evidence_count AS c (org, origin, system, entries)
    SELECT log_org, log_origin, one.system, one.n FROM unnest(systems, counts) AS one(system, n)
    ON CONFLICT (org, origin, system) DO UPDATE SET entries = c.entries + excluded.entries;
END $$;
