-- Who acted for whom in a call (`cred_a>cred_b`, `cred_a>user`), and which types of data a rule had replaced in it: what stands in
-- sealed payloads can't be counted.
ALTER TABLE decision_tag DROP CONSTRAINT decision_tag_kind_check;
ALTER TABLE decision_tag ADD CONSTRAINT decision_tag_kind_check CHECK (kind IN ('class', 'tool', 'trace', 'link', 'masked'));
