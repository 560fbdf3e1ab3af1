-- What each gateway met when it was probed: [{"gateway", "outcome", "saw"}]. A result of before says nothing of it.
alter table control_results add column gateways jsonb not null default '[]';
