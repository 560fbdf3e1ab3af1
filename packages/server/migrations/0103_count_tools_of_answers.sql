-- Tool calls decided inside a model's answer: [{"tool", "outcome"}]. Null where there were none, or none were counted yet.
ALTER TABLE decision ADD COLUMN tools jsonb;
