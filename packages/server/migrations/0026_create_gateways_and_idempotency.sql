create table gateways (
  org text not null,
  id text not null,
  name text not null,
  token_hash text check (token_hash ~ '^[0-9a-f]{64}$'),
  created_at timestamptz not null,
  enrolled_at timestamptz,
  primary key (org, id),
  unique (org, name)
);

create table idempotency_keys (
  org text not null,
  actor text not null,
  key text not null,
  request_hash text not null,
  status integer,
  body text,
  created_at timestamptz not null,
  primary key (org, actor, key)
);
SELECT mandate_secure_table('gateways');
SELECT mandate_secure_table('idempotency_keys');
