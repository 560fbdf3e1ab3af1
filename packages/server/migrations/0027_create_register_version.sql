-- One row an organization: each change of state raises it in the same transaction, so its lock also puts changes in
-- one order. Gateways are told by this number whether what they hold is current.
create table register_version (
  org text not null primary key,
  version bigint not null check (version >= 0),
  changed_at timestamptz not null
);
SELECT mandate_secure_table('register_version');
