-- Who held which role when: a role that is taken away leaves its row here, so that a matrix of authority can be told of any
-- moment. Nobody may change or remove one.
CREATE TABLE person_roles_ended (
  org text NOT NULL,
  person_id text NOT NULL,
  role text NOT NULL,
  scope text NOT NULL,
  granted_by text,
  granted_at timestamptz NOT NULL,
  approval_id text,
  ended_at timestamptz NOT NULL,
  PRIMARY KEY (org, person_id, role, scope, granted_at, ended_at)
);
SELECT mandate_secure_table('person_roles_ended');

CREATE FUNCTION mandate_keep_role() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.granted_at IS NOT NULL THEN
    INSERT INTO person_roles_ended (org, person_id, role, scope, granted_by, granted_at, approval_id, ended_at)
      VALUES (OLD.org, OLD.person_id, OLD.role, OLD.scope, OLD.granted_by, OLD.granted_at, OLD.approval_id, now()) ON CONFLICT DO NOTHING;
  END IF;
  RETURN OLD;
END $$;
CREATE TRIGGER keep_role AFTER DELETE ON person_roles FOR EACH ROW EXECUTE FUNCTION mandate_keep_role();

CREATE TRIGGER person_roles_ended_append_only BEFORE UPDATE OR DELETE ON person_roles_ended FOR EACH ROW EXECUTE FUNCTION mandate_refuse_change();
