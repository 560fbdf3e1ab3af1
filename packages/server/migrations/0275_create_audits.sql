-- What an audit's room holds: who opened it for whom, the population as it was fixed, samples, questions, answers. Each record
-- is a statement that an entry of the log commits to and that names the one before it.
create table audit_records (
  org text not null,
  audit text not null,
  n integer not null check (n >= 0),
  kind text not null check (kind in ('opened', 'population', 'sample', 'question', 'answer', 'closed')),
  -- RFC 8785 form, as it was hashed.
  statement text not null,
  digest text not null check (digest ~ '^[0-9a-f]{64}$'),
  at timestamptz not null,
  -- The log that commits to it, and that log's size just before.
  log text not null,
  seen bigint not null,
  primary key (org, audit, n),
  check ((n = 0) = (kind = 'opened'))
);
-- One population each, and one end.
create unique index audit_records_once on audit_records (org, audit, kind) where kind in ('population', 'closed');
SELECT mandate_secure_table('audit_records');

-- Who may enter, compared at each request.
create table audit_rooms (
  org text not null,
  audit text not null,
  auditors text[] not null check (cardinality(auditors) between 1 and 50),
  ends timestamptz not null,
  -- What its auditors may see at all ends with it.
  external boolean not null,
  closed_at timestamptz,
  primary key (org, audit)
);
create index audit_rooms_by_auditor on audit_rooms using gin (auditors);
SELECT mandate_secure_table('audit_rooms');

create table audit_reads (
  org text not null,
  audit text not null,
  id text not null,
  at timestamptz not null,
  person text not null,
  email text not null,
  what text not null,
  primary key (org, audit, id)
);
SELECT mandate_secure_table('audit_reads');

create function mandate_refuse_rewriting() returns trigger language plpgsql as $$
begin
  raise exception 'records of an audit are only added';
end $$;
create trigger audit_records_are_added before update or delete on audit_records for each row execute function mandate_refuse_rewriting();
create trigger audit_reads_are_added before update or delete on audit_reads for each row execute function mandate_refuse_rewriting();
