-- One question to people. `statement` is exactly what is approved; `digest` its SHA-256 in RFC 8785 form.
create table approvals (
  org text not null,
  id text not null,
  action text not null,
  system text,
  resource text,
  call_hash text,
  statement jsonb not null,
  digest text not null check (digest ~ '^[0-9a-f]{64}$'),
  tier text not null check (tier in ('T0', 'T1', 'T2', 'T3', 'X')),
  requester text,
  rules text[] not null default '{}',
  -- [{group, count, members: [email]}] as they were when the question was asked
  approvers jsonb not null,
  context jsonb not null default '{}',
  state text not null check (state in ('pending', 'approved', 'refused', 'lapsed')),
  reason text,
  created_at timestamptz not null,
  expires_at timestamptz not null,
  decided_at timestamptz,
  spent_at timestamptz,
  primary key (org, id),
  check (spent_at is null or state = 'approved')
);
create index approvals_pending on approvals (org, state, expires_at);
-- At most one open question for the same call: a repeat finds its ticket.
create unique index approvals_open_call on approvals (org, system, call_hash) where call_hash is not null and state = 'pending';

create table approval_signatures (
  org text not null,
  approval_id text not null,
  person_id text not null,
  email text not null,
  approver_set text not null,
  role text not null,
  kind text not null check (kind in ('token', 'webauthn')),
  choice text not null check (choice in ('approve', 'refuse')),
  reason text not null,
  signed_at timestamptz not null,
  primary key (org, approval_id, person_id),
  foreign key (org, approval_id) references approvals (org, id)
);
SELECT mandate_secure_table('approval_signatures');
SELECT mandate_secure_table('approvals');
