-- People and groups that a directory keeps up to date (SCIM 2.0). A person's own record stays in `people`; here stands
-- what the directory calls them.
create table scim_users (
  org text not null,
  person_id text not null,
  user_name text not null check (length(user_name) between 1 and 254),
  external_id text,
  attributes jsonb not null,
  created_at timestamptz not null,
  changed_at timestamptz not null,
  deleted_at timestamptz,
  primary key (org, person_id),
  foreign key (org, person_id) references people (org, id)
);
create unique index scim_users_by_name on scim_users (org, lower(user_name)) where deleted_at is null;
create unique index scim_users_by_external_id on scim_users (org, external_id) where deleted_at is null and external_id is not null;
SELECT mandate_secure_table('scim_users');

create table scim_groups (
  org text not null,
  id text not null,
  -- The register's Group that mirrors it.
  name text not null,
  display_name text not null check (length(display_name) between 1 and 300),
  external_id text,
  members text[] not null,
  created_at timestamptz not null,
  changed_at timestamptz not null,
  primary key (org, id),
  unique (org, name)
);
SELECT mandate_secure_table('scim_groups');

-- Who was taken out by the directory, and when: so that a sync that would empty the house pauses instead.
create table scim_removals (
  org text not null,
  person_id text not null,
  at timestamptz not null,
  primary key (org, person_id, at)
);
SELECT mandate_secure_table('scim_removals');
