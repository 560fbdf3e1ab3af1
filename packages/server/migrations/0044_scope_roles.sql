-- A role everywhere ('', as before), or for one unit or one system.
alter table person_roles add column scope text not null default '' check (scope = '' or scope ~ '^(unit|system):[A-Za-z0-9][A-Za-z0-9._-]*$');
alter table person_roles drop constraint person_roles_pkey;
alter table person_roles add primary key (org, person_id, role, scope);
-- Administering isn't divided: whoever makes people makes them for all.
alter table person_roles add constraint person_roles_administrator_everywhere check (role <> 'administrator' or scope = '');

-- Held an approving role once. INVARIANT: from then on nobody grants one alone, also after every holder was deactivated
-- or lost the role; else an administrator removes the approvers first and invents one afterwards.
alter table people add column ever_approved boolean not null default false;
update people p set ever_approved = true where exists (select 1 from person_roles r where r.org = p.org and r.person_id = p.id and r.granted_at is not null and r.role not in ('developer', 'auditor', 'administrator'));
create function mandate_note_approver() returns trigger language plpgsql as $$
begin
  if new.granted_at is not null and new.role not in ('developer', 'auditor', 'administrator') then
    update people set ever_approved = true where org = new.org and id = new.person_id and not ever_approved;
  end if;
  return new;
end $$;
create trigger person_roles_note_approver after insert or update on person_roles for each row execute function mandate_note_approver();
