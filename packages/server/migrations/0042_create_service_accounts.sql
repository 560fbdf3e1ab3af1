-- Automation acts under a name of its own, for which a person answers. It approves nothing and manages no people.
create table service_accounts (
  org text not null,
  id text not null,
  name text not null check (name ~ '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$'),
  owner_id text not null,
  scopes text[] not null check (array_length(scopes, 1) between 1 and 20),
  -- A token of this account ends at most this many days after it was made.
  token_days integer not null check (token_days between 1 and 90),
  created_by text not null,
  created_at timestamptz not null,
  ended_at timestamptz,
  primary key (org, id),
  foreign key (org, owner_id) references people (org, id)
);
create unique index service_accounts_name on service_accounts (org, name) where ended_at is null;

create table service_tokens (
  org text not null,
  id text not null,
  account_id text not null,
  token_hash text not null check (token_hash ~ '^[0-9a-f]{64}$'),
  hint text not null,
  created_by text not null,
  created_at timestamptz not null,
  not_after timestamptz not null,
  revoked_at timestamptz,
  last_used_at timestamptz,
  primary key (org, id),
  unique (token_hash),
  foreign key (org, account_id) references service_accounts (org, id)
);
SELECT mandate_secure_table('service_accounts');
SELECT mandate_secure_table('service_tokens');
