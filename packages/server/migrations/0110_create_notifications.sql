-- What people are told. Written in the transaction of what it tells of, so nobody hears of a change that never was;
-- channels deliver it afterwards.
create table notifications (
  org text not null,
  id text not null,
  kind text not null,
  -- Messages with the same thread are about one question: a later one updates what a channel showed earlier.
  thread text not null,
  system text,
  recipients text[] not null,
  subject text not null,
  lines text[] not null,
  -- Path on the console; the public address is put before it when it is sent.
  path text not null check (path like '/%'),
  created_at timestamptz not null,
  primary key (org, id)
);
create index notifications_by_thread on notifications (org, thread, id);
SELECT mandate_secure_table('notifications');
