-- Lifecycle by hand (suspended, retired) and what the register's last change left open, one row a system.
create table system_states (
  org text not null,
  system text not null,
  halt text check (halt in ('suspended', 'retired')),
  halt_reason text,
  halted_by text,
  halted_at timestamptz,
  tier text not null check (tier in ('T0', 'T1', 'T2', 'T3', 'X')),
  tier_reasons jsonb not null,
  unanswered text[] not null default '{}',
  digest text not null check (digest ~ '^[0-9a-f]{64}$'),
  differences text[] not null default '{}',
  reassessment_due timestamptz,
  primary key (org, system)
);
SELECT mandate_secure_table('system_states');

create table authorizations (
  org text not null,
  id text not null,
  system text not null,
  number integer not null check (number > 0),
  type text not null check (type in ('pilot', 'production')),
  state text not null check (state in ('draft', 'submitted', 'in_review', 'changes_requested', 'granted', 'granted_with_conditions', 'denied', 'reassessment_required', 'superseded', 'revoked', 'expired')),
  version_digest text not null,
  tier text not null check (tier in ('T0', 'T1', 'T2', 'T3', 'X')),
  terms jsonb not null,
  conditions jsonb not null default '[]',
  starts timestamptz,
  ends timestamptz,
  extensions integer not null default 0 check (extensions between 0 and 2),
  requester text not null,
  requester_email text,
  approvers jsonb not null default '[]',
  approval_id text,
  reason text,
  created_at timestamptz not null,
  decided_at timestamptz,
  primary key (org, id),
  unique (org, system, number),
  foreign key (org, system, version_digest) references system_versions (org, system, digest),
  -- Everything ends (G5).
  check (state not in ('granted', 'granted_with_conditions') or (starts is not null and ends is not null and ends > starts)),
  check (state not in ('granted', 'granted_with_conditions') or tier <> 'X')
);
-- One authorization in force a system: two would make "what was approved" a matter of opinion.
create unique index authorizations_in_force on authorizations (org, system) where state in ('granted', 'granted_with_conditions', 'reassessment_required');
create unique index authorizations_open on authorizations (org, system, type) where state in ('draft', 'submitted', 'in_review', 'changes_requested');
SELECT mandate_secure_table('authorizations');

create table authorization_history (
  org text not null,
  authorization_id text not null,
  seq integer not null,
  state text not null,
  actor text not null,
  actor_email text,
  role text,
  reason text,
  ends timestamptz,
  at timestamptz not null,
  primary key (org, authorization_id, seq)
);
SELECT mandate_secure_table('authorization_history');
create trigger authorization_history_append_only before update or delete on authorization_history for each row execute function mandate_refuse_change();
