-- One flow to another region: who may receive what from where, on which basis, until when.
create table legal_reviews (
  org text not null,
  id text not null,
  system text not null,
  target text not null,
  region text not null,
  from_regions text[] not null check (cardinality(from_regions) > 0),
  basis text not null,
  classes text[] not null default '{}',
  purposes text[] not null default '{}',
  reason text not null,
  requester text not null,
  requester_email text,
  requested_at timestamptz not null,
  approval_id text not null,
  decision text check (decision in ('allowed', 'refused')),
  reviewer text,
  decided_at timestamptz,
  decided_reason text,
  ends timestamptz not null,
  ended_at timestamptz,
  ended_by text,
  ended_reason text,
  primary key (org, id)
);
create index legal_reviews_by_system on legal_reviews (org, system);
SELECT mandate_secure_table('legal_reviews');
