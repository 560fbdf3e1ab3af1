-- Which gateways that live inside a control plane's process were there a moment ago, by the database's clock: a log is
-- closed as lost only when nobody is there any more who writes it.
create table own_slot (
  org text not null,
  writer text not null check (writer ~ '^gw-[0-9a-f]{8}$'),
  seen_at timestamptz not null,
  primary key (org, writer)
);
SELECT mandate_secure_table('own_slot');
