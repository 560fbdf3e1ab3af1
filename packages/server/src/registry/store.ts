import { definitionOf, entityKinds, newId } from "@mandate/model";
import type { EntityKind, SpecOf } from "@mandate/model";
import { sql } from "kysely";
import type { CommandContext } from "../command.ts";
import { RowMirror } from "../database/index.ts";
import type { Tx } from "../database/index.ts";

/** A register object as stored. */
export interface StoredObject<K extends EntityKind = EntityKind> {
  readonly kind: K;
  readonly name: string;
  readonly id: string;
  readonly unit: string | null;
  readonly labels: Readonly<Record<string, string>>;
  readonly spec: SpecOf<K>;
  readonly version: number;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

/** All objects of one organization, by kind and name: what versions, tiers and facts are computed from. */
export class Register {
  readonly #objects = new Map<string, StoredObject>();
  /** Each kind is asked for once a system. */
  readonly #byKind = new Map<EntityKind, StoredObject[]>();

  constructor(objects: Iterable<StoredObject>) {
    for (const object of objects) this.#objects.set(`${object.kind}/${object.name}`, object);
  }

  get<K extends EntityKind>(kind: K, name: string): StoredObject<K> | undefined {
    return this.#objects.get(`${kind}/${name}`) as StoredObject<K> | undefined;
  }

  all<K extends EntityKind>(kind: K): StoredObject<K>[] {
    let objects = this.#byKind.get(kind);
    if (objects === undefined) this.#byKind.set(kind, (objects = [...this.#objects.values()].filter((object) => object.kind === kind)));
    return [...objects] as unknown as StoredObject<K>[];
  }

  values(): IterableIterator<StoredObject> {
    return this.#objects.values();
  }
}

/** What a derivation reads of it. */
export type RegisterView = Pick<Register, "get" | "all">;

export interface ObjectRow {
  kind: EntityKind;
  name: string;
  id: string;
  unit: string | null;
  labels: Record<string, string>;
  spec: unknown;
  version: number;
  created_at: Date;
  updated_at: Date;
}

/** A row of an older release may lack a field that has a default since: reading fills it in. */
export function objectFromRow(row: ObjectRow): StoredObject {
  const parsed = definitionOf(row.kind).spec.safeParse(row.spec);
  return {
    kind: row.kind, name: row.name, id: row.id, unit: row.unit, labels: row.labels, version: row.version, createdAt: row.created_at, updatedAt: row.updated_at,
    spec: (parsed.success ? parsed.data : row.spec) as StoredObject["spec"],
  };
}

const columns = sql`kind, name, id, unit, labels, spec, version, created_at, updated_at`;

/** By kind and name as their bytes are, whatever the database's language. */
function inOrder(a: Pick<StoredObject, "kind" | "name">, b: Pick<StoredObject, "kind" | "name">): number {
  if (a.kind !== b.kind) return a.kind < b.kind ? -1 : 1;
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
}

/** `loadRegister` again and again: unchanged objects are the same ones, and so is a register in which nothing changed. */
export class RegisterMirror {
  readonly #objects = new RowMirror<ObjectRow, StoredObject | null>({
    table: "register_objects",
    columns,
    key: (row) => `${row.kind}/${row.name}`,
    make: (row) => (entityKinds.includes(row.kind) ? objectFromRow(row) : null),
  });
  #register: Register | undefined;
  #revision = -1;

  async read(tx: Tx, org: string): Promise<Register> {
    const objects = await this.#objects.read(tx, org);
    if (this.#register === undefined || this.#revision !== this.#objects.revision) {
      this.#register = new Register([...objects.values()].filter((object) => object !== null).toSorted(inOrder));
      this.#revision = this.#objects.revision;
    }
    return this.#register;
  }
}

export async function loadRegister(tx: Tx, org: string): Promise<Register> {
  const { rows } = await sql<ObjectRow>`select ${columns} from register_objects where org = ${org}`.execute(tx);
  return new Register(rows.filter((row) => entityKinds.includes(row.kind)).map(objectFromRow).toSorted(inOrder));
}

export async function readObject(tx: Tx, org: string, kind: EntityKind, name: string): Promise<StoredObject | undefined> {
  const { rows } = await sql<ObjectRow>`select ${columns} from register_objects where org = ${org} and kind = ${kind} and name = ${name}`.execute(tx);
  return rows[0] && objectFromRow(rows[0]);
}

/** Puts changes of one organization in one order; each command that writes the register takes it first. */
export async function lockRegister(tx: Tx, org: string, now: Date): Promise<void> {
  await sql`insert into register_head (org, changed_at) values (${org}, ${now}) on conflict (org) do update set changed_at = excluded.changed_at`.execute(tx);
}

export interface ObjectWrite {
  readonly kind: EntityKind;
  readonly name: string;
  readonly unit: string | null;
  readonly labels: Readonly<Record<string, string>>;
  readonly spec: unknown;
}

export interface WriteSource {
  readonly reason: string | null;
  readonly commit: string | null;
}

/** Row and history together. @returns the stored object */
export async function writeObject(tx: Tx, ctx: CommandContext<Tx>, write: ObjectWrite, source: WriteSource): Promise<StoredObject> {
  const now = new Date(ctx.now());
  const known = await readObject(tx, ctx.org, write.kind, write.name);
  const version = await nextVersion(tx, ctx.org, write.kind, write.name);
  const id = known?.id ?? newId(write.kind === "AISystem" ? "system" : "object", ctx.now(), ctx.random);
  await sql`insert into register_objects (org, kind, name, id, unit, labels, spec, version, source_commit, created_at, updated_at)
    values (${ctx.org}, ${write.kind}, ${write.name}, ${id}, ${write.unit}, ${JSON.stringify(write.labels)}, ${JSON.stringify(write.spec)}, ${version}, ${source.commit}, ${now}, ${now})
    on conflict (org, kind, name) do update set unit = excluded.unit, labels = excluded.labels, spec = excluded.spec, version = excluded.version,
      source_commit = excluded.source_commit, updated_at = excluded.updated_at`.execute(tx);
  await writeHistory(tx, ctx, { ...write, id, version, action: known ? "change" : "create" }, source);
  return (await readObject(tx, ctx.org, write.kind, write.name))!;
}

export async function removeObject(tx: Tx, ctx: CommandContext<Tx>, object: StoredObject, source: WriteSource): Promise<void> {
  const version = await nextVersion(tx, ctx.org, object.kind, object.name);
  await sql`delete from register_objects where org = ${ctx.org} and kind = ${object.kind} and name = ${object.name}`.execute(tx);
  await writeHistory(tx, ctx, { ...object, spec: null, version, action: "remove" }, source);
}

/** Goes on after a removal, so that a name used again never repeats a version. */
async function nextVersion(tx: Tx, org: string, kind: string, name: string): Promise<number> {
  const { rows } = await sql<{ version: number }>`select coalesce(max(version), 0) + 1 as version from register_history where org = ${org} and kind = ${kind} and name = ${name}`.execute(tx);
  return rows[0]!.version;
}

async function writeHistory(tx: Tx, ctx: CommandContext<Tx>, entry: ObjectWrite & { id: string; version: number; action: "create" | "change" | "remove" }, source: WriteSource): Promise<void> {
  const now = new Date(ctx.now());
  await sql`insert into register_history (org, kind, name, version, id, action, unit, labels, spec, author, author_email, reason, source_commit, valid_from, recorded_at)
    values (${ctx.org}, ${entry.kind}, ${entry.name}, ${entry.version}, ${entry.id}, ${entry.action}, ${entry.unit}, ${JSON.stringify(entry.labels)},
      ${entry.spec === null ? null : JSON.stringify(entry.spec)}, ${ctx.actor.id}, ${ctx.actor.email}, ${source.reason}, ${source.commit}, ${now}, ${now})`.execute(tx);
}
