-- Which self-attested T0 systems were drawn for review, once a month; the draw can be done again from `seed`.
create table attestation_samples (
  org text not null,
  month text not null check (month ~ '^[0-9]{4}-[0-9]{2}$'),
  -- hex SHA-256 of the logs' newest heads at the draw, which stand in the entry
  seed text not null check (seed ~ '^[0-9a-f]{64}$'),
  population integer not null check (population > 0),
  drawn text[] not null,
  drawn_at timestamptz not null,
  primary key (org, month)
);
SELECT mandate_secure_table('attestation_samples');
