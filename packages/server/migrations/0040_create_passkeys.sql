-- A person's passkeys. A removed one keeps its row: approvals it signed are read for years.
create table passkeys (
  org text not null,
  id text not null,
  person_id text not null,
  -- base64url, as the authenticator gave it
  credential_id text not null check (credential_id ~ '^[A-Za-z0-9_-]+$' and length(credential_id) <= 1400),
  public_key_cose bytea not null,
  public_key_spki bytea not null,
  rp_id text not null,
  sign_count bigint not null check (sign_count between 0 and 4294967295),
  name text not null check (length(name) between 1 and 300),
  transports text[] not null default '{}',
  device_type text not null check (device_type in ('singleDevice', 'multiDevice')),
  backed_up boolean not null,
  added_by_way_of text not null check (added_by_way_of in ('invitation', 'sign-in', 'passkey', 'administrators')),
  -- Until then it signs nothing at T2 or above. Null: a first passkey, enrolled by invitation.
  cooling_until timestamptz check (cooling_until is not null or added_by_way_of = 'invitation'),
  created_at timestamptz not null,
  last_used_at timestamptz,
  -- Its counter went backward: two authenticators hold one key.
  blocked_at timestamptz,
  removed_at timestamptz,
  primary key (org, id),
  unique (org, credential_id),
  foreign key (org, person_id) references people (org, id)
);
create index passkeys_of_person on passkeys (org, person_id) where removed_at is null;
SELECT mandate_secure_table('passkeys');

-- Challenges of ours are signed, not stored; one that was used is remembered until it would have ended.
create table spent_challenges (
  org text not null,
  challenge_hash text not null check (challenge_hash ~ '^[0-9a-f]{64}$'),
  ends_at timestamptz not null,
  primary key (org, challenge_hash)
);
SELECT mandate_secure_table('spent_challenges');
