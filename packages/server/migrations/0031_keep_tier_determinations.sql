-- Every determination of a tier, as it was made: what it was computed from, every reason, and by whose change.
create table tier_determinations (
  org text not null,
  system text not null,
  seq integer not null check (seq > 0),
  at timestamptz not null,
  author text not null,
  author_email text,
  tier text not null check (tier in ('T0', 'T1', 'T2', 'T3', 'X')),
  reasons jsonb not null,
  flags jsonb not null,
  unanswered text[] not null,
  inputs jsonb not null,
  contradictions jsonb not null,
  override_id text,
  version_digest text not null,
  digest text not null check (digest ~ '^[0-9a-f]{64}$'),
  primary key (org, system, seq)
);
SELECT mandate_secure_table('tier_determinations');
create trigger tier_determinations_append_only before update or delete on tier_determinations for each row execute function mandate_refuse_change();

-- A person's decision beside the rules. Upward it holds at once; downward once a second person said yes, and with an end.
create table tier_overrides (
  org text not null,
  id text not null,
  system text not null,
  direction text not null check (direction in ('up', 'down')),
  tier text not null check (tier in ('T0', 'T1', 'T2', 'T3', 'X')),
  reason text not null,
  covers text[] not null,
  requester text not null,
  requester_email text,
  approval_id text,
  approver text,
  starts timestamptz,
  ends timestamptz,
  ended_at timestamptz,
  created_at timestamptz not null,
  primary key (org, id),
  -- Everything that loosens ends, and has a second person (G5).
  check (direction = 'up' or ends is not null),
  check (direction = 'up' or starts is null or (approver is not null and approver <> requester))
);
create unique index tier_overrides_in_force on tier_overrides (org, system) where starts is not null and ended_at is null;
SELECT mandate_secure_table('tier_overrides');

-- What gateways saw a system use, counted from decisions once each; `watermark` is the last decision counted.
create table observed_uses (
  org text not null,
  system text not null,
  action text not null,
  resource text not null,
  allowed bigint not null,
  approved bigint not null,
  last_at timestamptz not null,
  primary key (org, system, action, resource)
);
SELECT mandate_secure_table('observed_uses');
create table observed_until (
  org text not null,
  watermark text not null,
  primary key (org)
);
SELECT mandate_secure_table('observed_until');

-- Until when a lowered tier holds, and what holds after it, so that the clock alone ends it.
alter table system_states add column tier_until timestamptz;
alter table system_states add column tier_after text check (tier_after in ('T0', 'T1', 'T2', 'T3', 'X'));
