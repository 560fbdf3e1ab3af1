-- Where people may sign in besides here. A person is known by issuer and subject, never by e-mail: an address can be
-- given to somebody else, a subject can't.
create table identity_providers (
  org text not null,
  name text not null check (name ~ '^[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?$'),
  title text not null,
  issuer text not null,
  client_id text not null,
  sealed jsonb,
  -- Whether an address it calls verified may take that address's invitation.
  trust_email boolean not null,
  changed_by text not null,
  changed_at timestamptz not null,
  primary key (org, name)
);
SELECT mandate_secure_table('identity_providers');

create table external_identities (
  org text not null,
  id text not null,
  issuer text not null,
  subject text not null check (length(subject) between 1 and 255),
  person_id text not null,
  linked_by text not null check (linked_by in ('invitation', 'account', 'provisioning')),
  linked_at timestamptz not null,
  last_used_at timestamptz,
  primary key (org, id),
  unique (org, issuer, subject),
  foreign key (org, person_id) references people (org, id)
);
SELECT mandate_secure_table('external_identities');
