-- What each MCP server was last seen to offer, so that a person reads old against new before pinning it.
create table mcp_offers (
  org text not null,
  server text not null,
  tools jsonb not null,
  seen_at timestamptz not null,
  primary key (org, server)
);
SELECT mandate_secure_table('mcp_offers');
