-- Keys that live elsewhere (a provider's console, a CI's variables): what Mandate can't end, it can at least watch.
create table external_credentials (
  org text not null,
  id text not null,
  name text not null,
  location text not null,
  kind text not null check (kind in ('api-key', 'password', 'certificate', 'token', 'ssh-key', 'other')),
  system text,
  owner text,
  created_on date,
  ends_on date,
  note text,
  imported_by text not null,
  imported_at timestamptz not null,
  gone_at timestamptz,
  primary key (org, id),
  unique (org, location, name)
);
select mandate_secure_table('external_credentials');
