-- A stand-alone gateway: its keys' public halves, the log it writes, and what it said last.
alter table gateways add column signing_key text;
alter table gateways add column sealing_key text;
alter table gateways add column origin text;
alter table gateways add column register_version bigint;
alter table gateways add column last_seen_at timestamptz;
alter table gateways add column removed_at timestamptz;
alter table gateways add constraint gateways_enrolled_whole check ((enrolled_at is null) = (signing_key is null) and (enrolled_at is null) = (sealing_key is null) and (enrolled_at is null) = (origin is null));
