-- What each run of each control found, as it was found: history, never corrected. A run that went wrong is a result too.
create table control_results (
  org text not null,
  id text not null,
  run text not null,
  control text not null check (control ~ '^[A-Z]{2,4}-[0-9]{2}$'),
  at timestamptz not null,
  -- How it is known (G9).
  grade text not null check (grade in ('enforced', 'observed', 'declared', 'cant_tell')),
  outcome text not null check (outcome in ('pass', 'fail', 'not_applicable', 'unproven')),
  reason text not null,
  unit text not null,
  population bigint not null check (population >= 0),
  faults bigint not null check (faults between 0 and population),
  -- Faults that an exception lets stand until its end; they stay faults.
  excepted bigint not null check (excepted between 0 and faults),
  -- The first of them: [{"subject", "system", "fault", "exception"}].
  exceptions jsonb not null,
  -- {"system": {"population", "faults", "excepted"}}.
  systems jsonb not null,
  query text not null,
  window_since timestamptz not null,
  window_until timestamptz not null check (window_until >= window_since),
  -- Where each log stood: [{"origin", "size"}].
  position jsonb not null,
  -- How the measure itself was seen to fail on a planted fault; null: never, and then it proves nothing.
  proof jsonb,
  started_by text not null,
  primary key (org, id)
);
create index control_results_newest on control_results (org, control, at desc, id desc);
create index control_results_by_run on control_results (org, run);
SELECT mandate_secure_table('control_results');
create trigger control_results_append_only before update or delete on control_results for each row execute function mandate_refuse_change();
