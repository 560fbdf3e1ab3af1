-- What somebody let pass, for exactly one system, with a reason, what is done instead, and an end. It lifts nothing
-- until its approvers agreed, and nothing after its end, whatever any job did.
create table exceptions (
  org text not null,
  id text not null,
  system text not null,
  scope text not null check (scope in ('gate', 'rule', 'control', 'finding')),
  target text not null check (length(target) between 1 and 200),
  reason text not null,
  compensating text not null,
  tier text not null check (tier in ('T0', 'T1', 'T2', 'T3')),
  requester text not null,
  requester_email text,
  requested_at timestamptz not null,
  approval_id text not null,
  granted_at timestamptz,
  granted_by text[],
  ends_at timestamptz not null,
  ended_at timestamptz,
  ended_by text,
  ended_reason text,
  -- The nearest reminder sent, in days before the end.
  reminded_days integer,
  primary key (org, id),
  check (ends_at > requested_at and ends_at <= requested_at + interval '60 days'),
  check ((granted_at is null) = (granted_by is null)),
  check ((ended_at is null) = (ended_reason is null))
);
create index exceptions_by_system on exceptions (org, system, ends_at);
SELECT mandate_secure_table('exceptions');

-- INVARIANT (G5): once asked, scope and end only narrow. Who could move an end on would have a waiver without one.
create function mandate_refuse_wider_exception() returns trigger language plpgsql as $$
begin
  if new.ends_at > old.ends_at or (new.system, new.scope, new.target, new.approval_id, new.requester) is distinct from (old.system, old.scope, old.target, old.approval_id, old.requester)
    or (old.ended_at is not null and new.ended_at is null) or (old.granted_at is not null and new.granted_at is distinct from old.granted_at) then
    raise exception 'an exception only narrows' using errcode = '23514', constraint = 'exceptions_narrow';
  end if;
  return new;
end $$;
create trigger exceptions_narrow before update on exceptions for each row execute function mandate_refuse_wider_exception();
