-- The group that may decide in an authorizing official's place. Members and quorum as an official appointed them: a group
-- changed since decides nothing, because a manifest must not be a way to make an approver.
create table committees (
  org text not null,
  group_name text not null,
  members text[] not null,
  quorum integer not null check (quorum between 2 and 500),
  approval_id text not null,
  appointed_at timestamptz,
  ended_at timestamptz,
  primary key (org, approval_id)
);
create unique index committees_in_force on committees (org) where appointed_at is not null and ended_at is null;
SELECT mandate_secure_table('committees');
