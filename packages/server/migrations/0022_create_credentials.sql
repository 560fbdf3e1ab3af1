create table credentials (
  org text not null,
  id text not null,
  system text not null,
  name text not null,
  kind text not null default 'gateway-key' check (kind = 'gateway-key'),
  key_hash text not null check (key_hash ~ '^[0-9a-f]{64}$'),
  hint text not null,
  state text not null check (state in ('active', 'suspended', 'revoked')),
  accountable text not null,
  purposes text[] not null default '{}',
  scope text[] not null default '{}',
  created_by text not null,
  created_at timestamptz not null,
  not_after timestamptz not null check (not_after > created_at),
  changed_at timestamptz not null,
  reason text,
  rotated_from text,
  replaced_by text,
  last_used_at timestamptz,
  primary key (org, id),
  unique (key_hash)
);
create index credentials_by_system on credentials (org, system);

-- Revoked is the end: no statement brings a key back.
create function mandate_refuse_unrevoke() returns trigger language plpgsql as $$
begin
  if old.state = 'revoked' and new.state <> 'revoked' then
    raise exception 'a revoked credential stays revoked' using errcode = '23514', constraint = 'credentials_revoked_final';
  end if;
  if new.key_hash <> old.key_hash or new.system <> old.system or new.not_after > old.not_after then
    raise exception 'key, system and end of a credential never change' using errcode = '23514', constraint = 'credentials_fixed';
  end if;
  return new;
end $$;
create trigger credentials_revoked_final before update on credentials
  for each row execute function mandate_refuse_unrevoke();
SELECT mandate_secure_table('credentials');
