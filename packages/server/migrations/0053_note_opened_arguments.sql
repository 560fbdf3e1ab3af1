-- Who was shown the arguments of a held call, once a person and question: the first time is an entry of the log.
create table approval_reads (
  org text not null,
  approval_id text not null,
  person_id text not null,
  at timestamptz not null,
  primary key (org, approval_id, person_id),
  foreign key (org, approval_id) references approvals (org, id)
);
SELECT mandate_secure_table('approval_reads');
