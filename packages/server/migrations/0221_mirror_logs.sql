-- How far each log stands in write-once storage elsewhere.
CREATE TABLE evidence_mirror (
  org text NOT NULL,
  origin text NOT NULL,
  size bigint NOT NULL CHECK (size >= 0),
  at timestamptz NOT NULL,
  PRIMARY KEY (org, origin)
);
SELECT mandate_secure_table('evidence_mirror');
