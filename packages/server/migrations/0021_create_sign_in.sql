-- Bearer strings are stored as SHA-256 only.
-- minted: the token was made by someone else than its person at a time when a person administered, or by another person;
-- it reads and edits, and approves nothing once a person administers.
create table api_tokens (
  org text not null,
  id text not null,
  person_id text not null,
  token_hash text not null check (token_hash ~ '^[0-9a-f]{64}$'),
  hint text not null,
  minted_by text not null,
  minted boolean not null,
  created_at timestamptz not null,
  not_after timestamptz not null,
  revoked_at timestamptz,
  last_used_at timestamptz,
  primary key (org, id),
  unique (token_hash),
  foreign key (org, person_id) references people (org, id)
);

create table sign_in_links (
  org text not null,
  id text not null,
  person_id text not null,
  link_hash text not null check (link_hash ~ '^[0-9a-f]{64}$'),
  created_by text not null,
  minted boolean not null,
  created_at timestamptz not null,
  expires_at timestamptz not null,
  used_at timestamptz,
  primary key (org, id),
  unique (link_hash),
  foreign key (org, person_id) references people (org, id)
);

create table sessions (
  org text not null,
  id text not null,
  person_id text not null,
  session_hash text not null check (session_hash ~ '^[0-9a-f]{64}$'),
  csrf text not null,
  minted boolean not null,
  created_at timestamptz not null,
  expires_at timestamptz not null,
  ended_at timestamptz,
  primary key (org, id),
  unique (session_hash),
  foreign key (org, person_id) references people (org, id)
);
SELECT mandate_secure_table('api_tokens');
SELECT mandate_secure_table('sessions');
SELECT mandate_secure_table('sign_in_links');
