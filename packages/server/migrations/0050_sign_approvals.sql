-- A signature keeps everything that an offline verifier needs, and, for a delegate, both persons.
alter table approval_signatures drop constraint approval_signatures_kind_check;
alter table approval_signatures
  add constraint approval_signatures_kind_check check (kind in ('token', 'totp', 'webauthn')),
  -- credentialId, publicKey, authenticatorData, clientDataJSON, signature, rpId, origin; null unless webauthn
  add column assertion jsonb,
  -- e-mail of the absent person whose seat this is
  add column on_behalf_of text,
  add column delegation_id text,
  -- of the statement with this answer's choice; null in rows older than this migration
  add column digest text check (digest ~ '^[0-9a-f]{64}$'),
  -- conditions, minutes, "changes wanted": what goes with an answer
  add column terms jsonb not null default '{}',
  add constraint approval_signatures_assertion check ((kind = 'webauthn') = (assertion is not null));

alter table approvals
  add column requester_person text,
  add column minutes text,
  add column reminded_at timestamptz,
  add column escalated_at timestamptz,
  add column lapse_told_at timestamptz;

-- Refused attempts: each is an entry, up to a few of one kind from one person, so that nobody can fill the log by trying.
create table approval_refusals (
  org text not null,
  approval_id text not null,
  who text not null,
  code text not null,
  attempts integer not null,
  first_at timestamptz not null,
  last_at timestamptz not null,
  primary key (org, approval_id, who, code)
);
SELECT mandate_secure_table('approval_refusals');

-- When nobody answers by then, the request is refused (compared with the clock, no job).
alter table authorizations add column answer_by timestamptz;
