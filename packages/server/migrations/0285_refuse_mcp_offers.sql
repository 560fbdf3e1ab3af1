-- A definition that somebody read and refused: the tool stays held, and neither an apply nor a pin of everything accepts it.
create table mcp_refusals (
  org text not null,
  server text not null,
  tool text not null,
  refused_hash text not null,
  refused_at timestamptz not null,
  refused_by text not null,
  reason text not null,
  primary key (org, server, tool)
);
SELECT mandate_secure_table('mcp_refusals');
