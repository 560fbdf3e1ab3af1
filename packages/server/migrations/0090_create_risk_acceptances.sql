-- Somebody with a name lives with what is left of a risk, until a day. Bound to the risk's version: an acceptance of
-- other words is none. Only ever added to; a withdrawal is a row of its own.
create table risk_acceptances (
  org text not null,
  risk text not null,
  seq integer not null,
  event text not null check (event in ('accepted', 'withdrawn')),
  version integer not null,
  residual text not null,
  person_id text not null,
  email text not null,
  role text not null,
  reason text not null,
  at timestamptz not null,
  ends timestamptz,
  primary key (org, risk, seq),
  check ((event = 'accepted') = (ends is not null))
);
SELECT mandate_secure_table('risk_acceptances');
create trigger risk_acceptances_append_only before update or delete on risk_acceptances for each row execute function mandate_refuse_change();
