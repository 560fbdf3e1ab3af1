-- An emergency exception agreed on beforehand: who, which rules, where. It lifts nothing until two of them use it.
create table break_glass_plans (
  org text not null,
  id text not null,
  name text not null check (name ~ '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$'),
  systems text[] not null check (array_length(systems, 1) between 1 and 50),
  rules text[] not null check (array_length(rules, 1) between 1 and 50),
  -- People's ids.
  people text[] not null check (array_length(people, 1) between 2 and 20),
  minutes integer not null check (minutes between 1 and 240),
  reason text not null,
  compensating text not null,
  registered_by text not null,
  registered_at timestamptz not null,
  approval_id text not null,
  approved_at timestamptz,
  ends_at timestamptz not null,
  ended_at timestamptz,
  primary key (org, id),
  check (ends_at > registered_at and ends_at <= registered_at + interval '366 days')
);
create unique index break_glass_plans_name on break_glass_plans (org, name) where ended_at is null;

-- One use. INVARIANT: two different people, at most four hours, a review due three days after it began.
create table break_glass_uses (
  org text not null,
  id text not null,
  plan_id text not null,
  started_by text not null,
  started_at timestamptz not null,
  reason text not null,
  confirmed_by text check (confirmed_by <> started_by),
  confirmed_at timestamptz,
  ends_at timestamptz,
  ended_by text,
  reviewed_by text check (reviewed_by <> started_by and reviewed_by <> confirmed_by),
  reviewed_at timestamptz,
  review text,
  primary key (org, id),
  foreign key (org, plan_id) references break_glass_plans (org, id),
  check ((confirmed_at is null) = (confirmed_by is null) and (confirmed_at is null) = (ends_at is null)),
  check (ends_at <= confirmed_at + interval '4 hours'),
  check ((reviewed_at is null) = (review is null))
);
SELECT mandate_secure_table('break_glass_plans');
SELECT mandate_secure_table('break_glass_uses');
