-- Somebody answers for a finding, and says how it was fixed.
alter table findings add column severity text not null default 'medium' check (severity in ('low', 'medium', 'high', 'critical'));
alter table findings add column assigned_by text;
alter table findings add column closed_at timestamptz;
alter table findings add column closed_by text;
alter table findings add column closed_how text;
-- When people were last told that it is overdue.
alter table findings add column escalated_at timestamptz;
create index findings_by_kind on findings (org, kind, state);
