-- How a session was opened says what it proves.
-- invitation: its link was how the person first arrived, so a first passkey enrolled in it needs no cooling time.
alter table sessions add column opened_by text not null default 'link' check (opened_by in ('link', 'passkey', 'password', 'oidc'));
alter table sessions add column invitation boolean not null default false check (not (invitation and minted));
alter table sessions add column last_seen_at timestamptz;
alter table sessions add column passkey_id text;
-- What the browser calls itself, so that a person recognizes a session in a list. Never used to decide anything.
alter table sessions add column browser text not null default '';
create index sessions_of_person on sessions (org, person_id) where ended_at is null;

-- Who made a link: a person, or the process and the bootstrap account.
alter table sign_in_links add column created_by_kind text not null default 'person';

-- The weaker way in: a password and a code. One row a person; the TOTP secret is sealed.
create table person_passwords (
  org text not null,
  person_id text not null,
  -- scrypt$N$r$p$salt$hash, base64url
  password text not null,
  totp_wrapped_key bytea not null,
  totp_ciphertext bytea not null,
  -- Null until the person proved, by a first code, that the secret arrived.
  confirmed_at timestamptz,
  -- Time step of the last code that was accepted: no code works twice (RFC 6238 §5.2).
  last_step bigint,
  -- Wrong codes after the right password, since the last right one.
  wrong_codes integer not null default 0,
  blocked_at timestamptz,
  cooling_until timestamptz not null,
  created_at timestamptz not null,
  primary key (org, person_id),
  foreign key (org, person_id) references people (org, id)
);
SELECT mandate_secure_table('person_passwords');

-- Leave to add one passkey, given by two administrators or on the host, after which earlier ones are gone.
create table passkey_resets (
  org text not null,
  id text not null,
  person_id text not null,
  approval_id text,
  granted_by text not null,
  granted_at timestamptz not null,
  ends_at timestamptz not null,
  used_at timestamptz,
  primary key (org, id),
  foreign key (org, person_id) references people (org, id)
);
SELECT mandate_secure_table('passkey_resets');
