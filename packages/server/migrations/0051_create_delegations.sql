-- Who answers for whom while they are away. Ends by itself; checked again at each answer.
create table delegations (
  org text not null,
  id text not null,
  from_person text not null,
  from_email text not null,
  to_person text not null,
  to_email text not null,
  reason text not null,
  starts timestamptz not null,
  ends timestamptz not null,
  created_at timestamptz not null,
  -- Signed with the absent person's passkey: only then does it reach T3.
  signed_at timestamptz,
  approval_id text,
  ended_at timestamptz,
  ended_by text,
  primary key (org, id),
  check (ends > starts),
  check (from_person <> to_person),
  foreign key (org, from_person) references people (org, id),
  foreign key (org, to_person) references people (org, id)
);
create index delegations_to on delegations (org, to_person, ends);
SELECT mandate_secure_table('delegations');
