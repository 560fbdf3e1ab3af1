import type { ClientBase } from "pg";
import { AppError } from "@mandate/model";

/** The role that queries run as when the login could walk past row security. */
export const applicationRole = "mandate_app";

const oldestServer = 150_000;

/** @returns `server_version_num`. Throws AppError `database.version` below PostgreSQL 15. */
export async function checkVersion(client: ClientBase): Promise<number> {
  const { rows } = await client.query<{ number: string; text: string }>(
    "SELECT current_setting('server_version_num') AS number, current_setting('server_version') AS text",
  );
  const number = Number(rows[0]!.number);
  if (number < oldestServer) {
    throw new AppError({
      code: "database.version",
      status: 500,
      message: `The database is PostgreSQL ${rows[0]!.text}; Mandate needs 15 or later. Upgrade it, or point MANDATE_DATABASE_URL at another.`,
    });
  }
  return number;
}

/**
 * Superusers and BYPASSRLS roles ignore row security, so their sessions switch to a role of our own without those
 * rights. An ordinary owner is bound by FORCE ROW LEVEL SECURITY and needs none.
 * @returns the role to switch to, or null
 */
export async function prepareRole(client: ClientBase): Promise<string | null> {
  const { rows } = await client.query<{ bypasses: boolean }>(
    "SELECT rolsuper OR rolbypassrls AS bypasses FROM pg_roles WHERE rolname = current_user",
  );
  if (rows[0]?.bypasses !== true) return null;
  await client.query(`DO $$ BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '${applicationRole}') THEN
      CREATE ROLE ${applicationRole} NOLOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE;
    END IF;
    EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$`);
  await client.query(`DO $$ BEGIN
    IF NOT pg_has_role(current_user, '${applicationRole}', 'MEMBER') THEN
      EXECUTE format('GRANT ${applicationRole} TO %I', current_user);
    END IF; END $$`);
  return applicationRole;
}

/**
 * Rights on every table that exists now. Tables whose COMMENT begins with `append-only` lose UPDATE and DELETE: a log that its
 * own program can't rewrite is one way fewer to lose it.
 */
export async function grantTables(client: ClientBase, role: string): Promise<void> {
  // The lock makes two starters take turns: concurrent GRANTs on one table fail.
  await client.query(`DO $$ DECLARE s text; t record; BEGIN
    LOCK TABLE mandate_migration IN ACCESS EXCLUSIVE MODE;
    FOR s IN SELECT nspname FROM pg_namespace WHERE nspname NOT LIKE 'pg\\_%' AND nspname <> 'information_schema' LOOP
      EXECUTE format('GRANT USAGE ON SCHEMA %I TO ${role}', s);
      EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA %I TO ${role}', s);
      EXECUTE format('GRANT USAGE ON ALL SEQUENCES IN SCHEMA %I TO ${role}', s);
    END LOOP;
    REVOKE INSERT, UPDATE, DELETE ON mandate_migration FROM ${role};
    FOR t IN SELECT objoid::regclass AS name FROM pg_description
      WHERE classoid = 'pg_class'::regclass AND objsubid = 0 AND description LIKE 'append-only%' LOOP
      EXECUTE format('REVOKE UPDATE, DELETE, TRUNCATE ON %s FROM ${role}', t.name);
    END LOOP;
  END $$`);
}
