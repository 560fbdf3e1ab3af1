-- Machines that prove who they are by their own signature (`client`) or by their platform's word (`workload`). They have
-- a credential's life like a key: one end, one state, one accountable person.
alter table credentials drop constraint credentials_kind_check;
alter table credentials add constraint credentials_kind_check check (kind in ('gateway-key', 'client', 'workload'));
alter table credentials alter column key_hash drop not null;
alter table credentials add column client_keys jsonb;
alter table credentials add column jwks_uri text;
alter table credentials add column trust jsonb;
alter table credentials add column dpop boolean not null default false;
alter table credentials add column actors text[] not null default '{}';
alter table credentials add constraint credentials_one_proof check (
  (kind = 'gateway-key') = (key_hash is not null)
  and (kind = 'client') = (client_keys is not null or jwks_uri is not null)
  and (kind = 'workload') = (trust is not null));

create or replace function mandate_refuse_unrevoke() returns trigger language plpgsql as $$
begin
  if old.state = 'revoked' and new.state <> 'revoked' then
    raise exception 'a revoked credential stays revoked' using errcode = '23514', constraint = 'credentials_revoked_final';
  end if;
  if new.key_hash is distinct from old.key_hash or new.system <> old.system or new.kind <> old.kind or new.trust is distinct from old.trust
    -- Only a new key gives a client a new end.
    or (new.not_after > old.not_after and not (old.kind = 'client' and new.client_keys is distinct from old.client_keys)) then
    raise exception 'key, system and end of a credential never change' using errcode = '23514', constraint = 'credentials_fixed';
  end if;
  return new;
end $$;

-- What signs access tokens. The private half is sealed under the master key.
create table token_signing_keys (
  org text not null,
  kid text not null,
  public_jwk jsonb not null,
  sealed jsonb not null,
  created_at timestamptz not null,
  primary key (org, kid)
);
select mandate_secure_table('token_signing_keys');

-- Ids of assertions and proofs that were used: the primary key is the compare-and-set.
create table spent_assertions (
  org text not null,
  id text not null,
  expires_at timestamptz not null,
  primary key (org, id)
);
create index spent_assertions_by_end on spent_assertions (org, expires_at);
select mandate_secure_table('spent_assertions');

-- Last good public keys of issuers, and when they were last confirmed.
create table issuer_keys (
  org text not null,
  source text not null check (length(source) <= 2100),
  keys jsonb not null,
  confirmed_at timestamptz not null,
  primary key (org, source)
);
select mandate_secure_table('issuer_keys');
