-- A proposed version of a policy beside the one that is enforced, for a time: what would have come out otherwise. Nothing
-- reads these tables at a call.
create table policy_watches (
  org text not null,
  id text not null,
  policy text not null,
  spec jsonb not null,
  cedar_sha256 text not null check (cedar_sha256 ~ '^[0-9a-f]{64}$'),
  systems text[] not null,
  reason text not null,
  started_by text not null,
  started_at timestamptz not null,
  ends_at timestamptz not null check (ends_at > started_at and ends_at <= started_at + interval '14 days'),
  ended_at timestamptz,
  ended_by text,
  -- Id of the newest decision that was compared: ids are in the order of time.
  seen text not null,
  decisions bigint not null default 0,
  unreplayable bigint not null default 0,
  same bigint not null default 0,
  differences bigint not null default 0,
  primary key (org, id)
);
create index policy_watches_of on policy_watches (org, policy, started_at desc);
SELECT mandate_secure_table('policy_watches');

create table policy_flips (
  org text not null,
  watch text not null,
  decision text not null,
  -- Tool called inside a model's answer; empty for the decision itself.
  tool text not null default '',
  at timestamptz not null,
  system text,
  action text not null,
  resource text not null,
  recorded jsonb not null,
  proposed jsonb not null,
  primary key (org, watch, decision, tool),
  foreign key (org, watch) references policy_watches (org, id)
);
SELECT mandate_secure_table('policy_flips');
