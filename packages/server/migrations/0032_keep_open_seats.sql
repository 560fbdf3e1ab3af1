-- Seats that still have to say yes, as the question's sets stand: a committee's verdict fills its seat, and an
-- organization's own seats count like the tier's.
alter table authorizations add column needs text[] not null default '{}';
