create table incidents (
  org text not null,
  id text not null,
  title text not null,
  severity text not null check (severity in ('low', 'medium', 'high', 'critical')),
  state text not null check (state in ('open', 'closed')),
  systems text[] not null default '{}',
  answers jsonb not null default '{}',
  -- Every legal clock runs from here.
  aware_at timestamptz not null,
  opened_at timestamptz not null,
  opened_by text not null,
  closed_at timestamptz,
  closed_by text,
  closed_how text,
  primary key (org, id),
  check ((state = 'closed') = (closed_at is not null and closed_how is not null))
);
SELECT mandate_secure_table('incidents');

-- INVARIANT: awareness only moves back. Who could move it on could escape every deadline.
create function mandate_refuse_later_awareness() returns trigger language plpgsql as $$
begin
  if new.aware_at > old.aware_at then
    raise exception 'awareness only moves back' using errcode = '23514', constraint = 'incidents_awareness';
  end if;
  return new;
end $$;
create trigger incidents_awareness before update on incidents for each row execute function mandate_refuse_later_awareness();

-- What happened, in the order in which it was written down. Only ever added to.
create table incident_events (
  org text not null,
  incident text not null,
  seq integer not null,
  at timestamptz not null,
  kind text not null,
  by_id text not null,
  by_email text,
  text text not null,
  data jsonb not null default '{}',
  primary key (org, incident, seq),
  foreign key (org, incident) references incidents (org, id)
);
SELECT mandate_secure_table('incident_events');
create trigger incident_events_append_only before update or delete on incident_events for each row execute function mandate_refuse_change();

-- The newest word on each clock: whether it applies, the draft, the proof that somebody was told.
create table incident_clocks (
  org text not null,
  incident text not null,
  clock text not null,
  applies boolean,
  decided_by text,
  decided_at timestamptz,
  decided_reason text,
  draft text,
  submitted_at timestamptz,
  submitted_by text,
  reference text,
  reminded integer not null default 0,
  primary key (org, incident, clock),
  foreign key (org, incident) references incidents (org, id),
  check ((submitted_at is null) = (reference is null))
);
SELECT mandate_secure_table('incident_clocks');

-- The kill switch. A system's halt and a key's end stand with the system and the key; a stop of a model, a tool, a vendor
-- or of everything stands here until somebody with the right resumes it.
create table stops (
  org text not null,
  id text not null,
  scope text not null check (scope in ('system', 'credential', 'model', 'tool', 'vendor', 'all')),
  name text not null,
  reason text not null,
  incident text,
  by_id text not null,
  by_email text,
  at timestamptz not null,
  ended_at timestamptz,
  ended_by text,
  ended_reason text,
  primary key (org, id),
  check ((ended_at is null) = (ended_reason is null))
);
create index stops_open on stops (org, scope) where ended_at is null;
SELECT mandate_secure_table('stops');
