-- The register: one row an object as it is now, and one row each time it changed. Spec and labels are validated by the
-- entity's definition before they get here; the database keeps identity, order and history.
create table register_head (
  org text not null primary key,
  changed_at timestamptz not null
);
SELECT mandate_secure_table('register_head');

create table register_objects (
  org text not null,
  kind text not null check (kind ~ '^[A-Z][A-Za-z]{1,40}$'),
  name text not null check (length(name) between 1 and 128),
  id text not null,
  unit text,
  labels jsonb not null default '{}',
  spec jsonb not null,
  version integer not null check (version > 0),
  source_commit text,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  primary key (org, kind, name),
  unique (org, id)
);
SELECT mandate_secure_table('register_objects');

-- `valid_from` is when the change holds, `recorded_at` when we learnt of it: a list can be shown as of either.
create table register_history (
  org text not null,
  kind text not null,
  name text not null,
  version integer not null check (version > 0),
  id text not null,
  action text not null check (action in ('create', 'change', 'remove')),
  unit text,
  labels jsonb not null default '{}',
  spec jsonb,
  author text not null,
  author_email text,
  reason text,
  source_commit text,
  valid_from timestamptz not null,
  recorded_at timestamptz not null,
  primary key (org, kind, name, version),
  check ((action = 'remove') = (spec is null))
);
create index register_history_by_time on register_history (org, kind, recorded_at);
SELECT mandate_secure_table('register_history');

-- History is only ever added to.
create function mandate_refuse_change() returns trigger language plpgsql as $$
begin
  raise exception '% is append-only', tg_table_name using errcode = '23514';
end $$;
create trigger register_history_append_only before update or delete on register_history for each row execute function mandate_refuse_change();

-- What was, or could be, approved: written once for each digest.
create table system_versions (
  org text not null,
  system text not null,
  digest text not null check (digest ~ '^[0-9a-f]{64}$'),
  number integer not null check (number > 0),
  manifest jsonb not null,
  created_at timestamptz not null,
  primary key (org, system, digest),
  unique (org, system, number)
);
SELECT mandate_secure_table('system_versions');
create trigger system_versions_immutable before update or delete on system_versions for each row execute function mandate_refuse_change();

-- Definitions of a server's tools as accepted (`pinned_hash`) and as last seen (`seen_hash`).
create table mcp_pins (
  org text not null,
  server text not null,
  tool text not null,
  pinned_hash text not null,
  definition jsonb not null,
  seen_hash text,
  pinned_at timestamptz not null,
  pinned_by text not null,
  reason text,
  primary key (org, server, tool)
);
SELECT mandate_secure_table('mcp_pins');
