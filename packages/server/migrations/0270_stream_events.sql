-- Where events go as they happen (a SIEM), and how far each log has got there. The log itself is the spool: nothing waits in
-- memory or in a second store, so nothing is lost with them.
create table event_streams (
  org text not null,
  name text not null check (name ~ '^[a-z0-9][a-z0-9-]{0,62}$'),
  settings jsonb not null,
  -- Since the last success; 0 when the last batch was taken.
  failures integer not null default 0 check (failures >= 0),
  failing text,
  next_try_at timestamptz not null,
  delivered_at timestamptz,
  primary key (org, name)
);
SELECT mandate_secure_table('event_streams');
create table event_stream_positions (
  org text not null,
  stream text not null,
  origin text not null,
  -- Entries below this were taken.
  next_index bigint not null check (next_index >= 0),
  primary key (org, stream, origin)
);
SELECT mandate_secure_table('event_stream_positions');
