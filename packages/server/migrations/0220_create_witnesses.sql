-- Who cosigns the meta-log's checkpoints, and how far each has. Its cosignatures stand in the checkpoints' own notes.
CREATE TABLE evidence_witness (
  org text NOT NULL,
  name text NOT NULL,
  vkey text NOT NULL,
  url text NOT NULL,
  -- Run by somebody else than whoever runs this installation. One that isn't vouches for nothing.
  outside boolean NOT NULL,
  added_by text NOT NULL,
  added_at timestamptz NOT NULL,
  -- Of the meta-log, as this witness last said.
  size bigint NOT NULL DEFAULT 0 CHECK (size >= 0),
  signed_at timestamptz,
  failing text,
  PRIMARY KEY (org, name),
  UNIQUE (org, vkey)
);
SELECT mandate_secure_table('evidence_witness');
