-- Upstream secrets: the value under a key of its own, that key under the master key. No column holds it in clear.
create table secrets (
  org text not null,
  name text not null,
  hosts text[] not null check (cardinality(hosts) between 1 and 50),
  wrapped_key bytea not null,
  ciphertext bytea not null,
  version integer not null,
  changed_by text not null,
  changed_at timestamptz not null,
  primary key (org, name)
);

create table settings (
  org text not null,
  key text not null,
  value jsonb not null,
  changed_by text not null,
  changed_at timestamptz not null,
  primary key (org, key)
);
SELECT mandate_secure_table('secrets');
SELECT mandate_secure_table('settings');
