-- Each time a system was stopped and started again: a drill on record.
create table stop_drills (
  org text not null,
  system text not null,
  stopped_at timestamptz not null,
  resumed_at timestamptz not null check (resumed_at >= stopped_at),
  resumed_by text not null,
  reason text not null,
  primary key (org, system, resumed_at)
);
SELECT mandate_secure_table('stop_drills');
create trigger stop_drills_append_only before update or delete on stop_drills for each row execute function mandate_refuse_change();

-- What the job saw last of each condition, so that a change is told once. Calls compare with the clock instead.
create table condition_checks (
  org text not null,
  authorization_id text not null,
  position integer not null check (position >= 0),
  met boolean not null,
  shown text not null,
  checked_at timestamptz not null,
  primary key (org, authorization_id, position)
);
SELECT mandate_secure_table('condition_checks');

alter table authorizations add column reminded_days integer;
