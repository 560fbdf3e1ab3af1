-- Someone is away for longer than a delegation bridges.
create table absences (
  org text not null,
  id text not null,
  email text not null,
  starts timestamptz not null,
  ends timestamptz,
  reason text not null,
  by_id text not null,
  at timestamptz not null,
  ended_at timestamptz,
  primary key (org, id),
  check (ends is null or ends > starts)
);
create unique index absences_open on absences (org, email) where ended_at is null;
SELECT mandate_secure_table('absences');

-- A seat whose owner left or is away. It ends when the owner is back, or when a successor whom the manifest names has
-- said yes; until then its clock runs from `since`, whoever else is named meanwhile.
create table owner_vacancies (
  org text not null,
  id text not null,
  system text not null,
  seat text not null check (seat in ('business', 'technical')),
  email text not null,
  why text not null check (why in ('left', 'away')),
  since timestamptz not null,
  back_at timestamptz,
  successor text,
  approval_id text,
  ended_at timestamptz,
  ended_why text,
  primary key (org, id),
  check ((ended_at is null) = (ended_why is null))
);
create unique index owner_vacancies_open on owner_vacancies (org, system, seat) where ended_at is null;
SELECT mandate_secure_table('owner_vacancies');
