-- What a credential may do is fixed when it is issued: another scope is another credential.
create function mandate_refuse_wider_credential() returns trigger language plpgsql as $$
begin
  if new.scope is distinct from old.scope or new.purposes is distinct from old.purposes then
    raise exception 'scope and purposes of a credential never change' using errcode = '23514', constraint = 'credentials_scope_fixed';
  end if;
  return new;
end
$$;
create trigger credentials_scope_fixed before update on credentials
  for each row execute function mandate_refuse_wider_credential();
