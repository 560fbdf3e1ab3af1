-- What changed, who or what noticed, and the case that people decide. One case a change, however many systems it reaches.
create table reassessments (
  org text not null,
  id text not null,
  -- Same change, same case: while it is open, `key` is taken.
  key text not null check (length(key) between 1 and 400),
  trigger text not null,
  title text not null,
  subject text not null,
  class text not null check (class in ('A', 'B', 'C')),
  state text not null check (state in ('open', 'decided')),
  observed_by text not null,
  opened_by text not null,
  url text,
  opened_at timestamptz not null,
  due_at timestamptz,
  decided_at timestamptz,
  primary key (org, id)
);
create unique index reassessments_open on reassessments (org, key) where state = 'open';
SELECT mandate_secure_table('reassessments');

-- `held_by`: what makes the next call feel it. `version`: the digest differs from the approved one, and the register
-- says so by itself. `case`: nothing in the register differs, so this row is what refuses.
create table reassessment_systems (
  org text not null,
  reassessment_id text not null,
  system text not null,
  class text not null check (class in ('A', 'B', 'C')),
  held_by text not null check (held_by in ('version', 'case')),
  differences text[] not null default '{}',
  changes jsonb not null,
  opened_at timestamptz not null,
  due_at timestamptz,
  authorization_id text,
  outcome text check (outcome in ('reaffirmed', 'tightened', 'suspended', 'withdrawn')),
  reason text,
  decided_by text,
  decided_email text,
  decided_at timestamptz,
  primary key (org, reassessment_id, system),
  foreign key (org, reassessment_id) references reassessments (org, id),
  check ((outcome is null) = (decided_at is null))
);
create index reassessment_systems_open on reassessment_systems (org, system) where outcome is null;
SELECT mandate_secure_table('reassessment_systems');

create table change_events (
  org text not null,
  id text not null,
  trigger text not null,
  class text not null check (class in ('A', 'B', 'C')),
  subject text not null,
  what text not null,
  old jsonb,
  new jsonb,
  observed_by text not null,
  reassessment_id text,
  at timestamptz not null,
  primary key (org, id)
);
create index change_events_by_case on change_events (org, reassessment_id, id);
SELECT mandate_secure_table('change_events');
create trigger change_events_append_only before update or delete on change_events for each row execute function mandate_refuse_change();
