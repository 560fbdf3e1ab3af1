-- People and what they hold. E-mail is how a manifest names a person; the id is what everything else refers to.
create table people (
  org text not null,
  id text not null,
  email text not null check (email = lower(email) and length(email) between 3 and 254),
  name text not null check (length(name) between 1 and 300),
  state text not null check (state in ('invited', 'active', 'deactivated')),
  created_at timestamptz not null,
  activated_at timestamptz,
  primary key (org, id),
  unique (org, email)
);

-- A role waits (granted_at null) while its grant needs the approval of someone who holds an approving role.
create table person_roles (
  org text not null,
  person_id text not null,
  role text not null check (role in ('developer', 'business-owner', 'technical-owner', 'security-reviewer', 'legal-reviewer', 'governance-lead', 'authorizing-official', 'auditor', 'administrator')),
  granted_by text not null,
  requested_at timestamptz not null,
  granted_at timestamptz,
  approval_id text,
  primary key (org, person_id, role),
  foreign key (org, person_id) references people (org, id)
);

-- Separation of duties: an administrator holds no approving role, whatever code asks for it.
create function mandate_refuse_mixed_roles() returns trigger language plpgsql as $$
begin
  if exists (
    select 1 from person_roles where org = new.org and person_id = new.person_id and role <> new.role
      and ((new.role = 'administrator' and role not in ('developer', 'auditor'))
        or (role = 'administrator' and new.role not in ('developer', 'auditor')))
  ) then
    raise exception 'an administrator holds no approving role' using errcode = '23514', constraint = 'person_roles_separation';
  end if;
  return new;
end $$;
create trigger person_roles_separation before insert or update on person_roles
  for each row execute function mandate_refuse_mixed_roles();
SELECT mandate_secure_table('people');
SELECT mandate_secure_table('person_roles');
