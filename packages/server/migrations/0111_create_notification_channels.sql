-- Where notices go. `sealed` is what the channel keeps secret, under a key of its own bound to the channel's host.
create table notification_channels (
  org text not null,
  id text not null,
  name text not null check (length(name) between 1 and 128),
  kind text not null check (kind in ('email', 'webhook', 'slack', 'teams')),
  config jsonb not null,
  sealed jsonb,
  -- Kinds of notice it takes; empty: all.
  kinds text[] not null default '{}',
  state text not null check (state in ('active', 'suspended')),
  state_reason text,
  changed_by text not null,
  changed_at timestamptz not null,
  primary key (org, id),
  unique (org, name)
);
SELECT mandate_secure_table('notification_channels');

alter table notifications add column routed_at timestamptz;
create index notifications_unrouted on notifications (org, id) where routed_at is null;

create table notification_deliveries (
  org text not null,
  id text not null,
  notification_id text not null,
  channel_id text not null,
  -- E-mail address; empty for channels that are a place rather than a person.
  recipient text not null default '',
  state text not null check (state in ('pending', 'delivered', 'failed')),
  attempts integer not null default 0,
  next_at timestamptz not null,
  outcome text,
  delivered_at timestamptz,
  primary key (org, id),
  unique (org, notification_id, channel_id, recipient),
  foreign key (org, notification_id) references notifications (org, id),
  foreign key (org, channel_id) references notification_channels (org, id) on delete cascade
);
create index notification_deliveries_due on notification_deliveries (org, next_at) where state = 'pending';
SELECT mandate_secure_table('notification_deliveries');

-- What a channel showed for a thread, so that the outcome changes that message instead of adding another.
create table notification_threads (
  org text not null,
  channel_id text not null,
  thread text not null,
  reference jsonb not null,
  primary key (org, channel_id, thread),
  foreign key (org, channel_id) references notification_channels (org, id) on delete cascade
);
SELECT mandate_secure_table('notification_threads');
