-- Same cause, same row: `key` de-duplicates, `seen` counts.
create table findings (
  org text not null,
  id text not null,
  key text not null,
  system text,
  kind text not null,
  title text not null,
  detail text not null,
  state text not null check (state in ('open', 'dismissed', 'closed')),
  owner text,
  opened_at timestamptz not null,
  due_at timestamptz not null,
  seen bigint not null default 1,
  last_seen_at timestamptz not null,
  dismissed_by text,
  dismissed_reason text,
  dismissed_until timestamptz,
  primary key (org, id),
  unique (org, key),
  check (state <> 'dismissed' or (dismissed_reason is not null and dismissed_until is not null))
);
create index findings_by_system on findings (org, system, state);
SELECT mandate_secure_table('findings');
