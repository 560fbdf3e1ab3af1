-- What each gateway took of a limit that several share, in its window. Rows of windows that are over go with the next slice.
create table limit_lease (
  org text not null,
  -- What is limited and for whom: `system:NAME calls day`.
  key text not null,
  span text not null,
  -- The gateway's slot.
  holder text not null,
  granted bigint not null check (granted >= 0),
  primary key (org, key, span, holder)
);
SELECT mandate_secure_table('limit_lease');
