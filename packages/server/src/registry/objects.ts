import { AppError, definitionOf } from "@mandate/model";
import type { EntityKind } from "@mandate/model";
import { explainIssues, fieldText, metadataSchema } from "@mandate/model/manifest";
import type { ManifestObject } from "@mandate/model/manifest";
import { sql } from "kysely";
import type { CommandContext, MutationEvidence } from "../command.ts";
import type { Tx } from "../database/index.ts";
import { applyObjects, invalid, checkInvariants, proving } from "./apply.ts";
import type { ApplyOptions, ApplyResult, Change, RegisterPorts } from "./apply.ts";
import { storePins } from "./pins.ts";
import type { OfferedTool } from "./pins.ts";
import { loadRegister, lockRegister, objectFromRow, readObject, removeObject } from "./store.ts";
import type { ObjectRow, StoredObject } from "./store.ts";

/** An object as the Control API shows it. */
export interface ObjectView {
  readonly id: string;
  readonly kind: EntityKind;
  readonly name: string;
  readonly unit: string | null;
  readonly labels: Readonly<Record<string, string>>;
  readonly spec: Readonly<Record<string, unknown>>;
  readonly version: number;
  readonly createdAt: string;
  readonly updatedAt: string;
}

function view(object: StoredObject): ObjectView {
  return { id: object.id, kind: object.kind, name: object.name, unit: object.unit, labels: object.labels, spec: object.spec, version: object.version, createdAt: object.createdAt.toISOString(), updatedAt: object.updatedAt.toISOString() };
}

const asOfColumns = sql`kind, name, id, unit, labels, spec, version, recorded_at as updated_at,
  (select min(first.recorded_at) from register_history first where first.org = h.org and first.kind = h.kind and first.name = h.name) as created_at`;

/** Undefined when there is (or was, at `asOf`) none. */
export function getObject(ctx: CommandContext<Tx>, kind: EntityKind, name: string, options: { readonly asOf?: Date | undefined } = {}): Promise<ObjectView | undefined> {
  return ctx.read(async (tx) => {
    if (!options.asOf) {
      const object = await readObject(tx, ctx.org, kind, name);
      return object && view(object);
    }
    const { rows } = await sql<ObjectRow & { action: string }>`select ${asOfColumns}, action from register_history h
      where org = ${ctx.org} and kind = ${kind} and name = ${name} and recorded_at <= ${options.asOf} order by version desc limit 1`.execute(tx);
    return rows[0] && rows[0].action !== "remove" ? view(objectFromRow(rows[0])) : undefined;
  });
}

export interface ObjectPage {
  readonly asOf?: Date | undefined;
  readonly cursor?: string | undefined;
  readonly limit?: number | undefined;
  /** By field: `unit`, a label, or a field of the spec; a list matches when it holds the value. */
  readonly filters?: Readonly<Record<string, string>> | undefined;
}

export function listObjects(ctx: CommandContext<Tx>, kind: EntityKind, page: ObjectPage = {}): Promise<{ items: ObjectView[]; nextCursor: string | null }> {
  const limit = Math.min(Math.max(page.limit ?? 100, 1), 1000);
  const filters = Object.entries(page.filters ?? {});
  return ctx.read(async (tx) => {
    const after = page.cursor ?? "";
    const { rows } = page.asOf
      ? await sql<ObjectRow>`select * from (select distinct on (name) ${asOfColumns}, action from register_history h
          where org = ${ctx.org} and kind = ${kind} and recorded_at <= ${page.asOf} order by name, version desc) then_ where action <> 'remove' and name > ${after} collate "C" order by name collate "C"`.execute(tx)
      : await sql<ObjectRow>`select kind, name, id, unit, labels, spec, version, created_at, updated_at from register_objects
          where org = ${ctx.org} and kind = ${kind} and name > ${after} collate "C" order by name collate "C"`.execute(tx);
    const objects = rows.map((row) => view(objectFromRow(row)));
    for (const [field] of filters) requireField(kind, field, objects);
    const matching = objects.filter((object) => filters.every(([field, value]) => holds(object, field, value)));
    const items = matching.slice(0, limit);
    return { items, nextCursor: matching.length > limit ? items.at(-1)!.name : null };
  });
}

const ownFields = ["id", "name", "unit", "version", "createdAt", "updatedAt"] as const;
const isOwnField = (field: string): field is (typeof ownFields)[number] => (ownFields as readonly string[]).includes(field);

/** A label is a field when any object bears it. */
function requireField(kind: EntityKind, field: string, objects: readonly ObjectView[]): void {
  const { spec } = definitionOf(kind);
  const fields = [...ownFields, ...("shape" in spec ? Object.keys(spec.shape as object) : [])];
  if (fields.includes(field) || objects.some((one) => Object.hasOwn(one.labels, field) || Object.hasOwn(one.spec, field))) return;
  throw new AppError({ code: "request.filter", status: 400, message: `These can't be filtered by \`${field.slice(0, 60)}\`: no ${kind} has that field or label.`, remedies: [{ text: `Fields are ${fields.join(", ")}, and labels in use.` }] });
}

function holds(object: ObjectView, field: string, value: string): boolean {
  const found = isOwnField(field) ? object[field] : Object.hasOwn(object.spec, field) ? object.spec[field] : object.labels[field];
  return Array.isArray(found) ? found.map(String).includes(value) : found !== undefined && found !== null && String(found) === value;
}

export interface HistoryEntry {
  readonly version: number;
  readonly action: "create" | "change" | "remove";
  readonly author: string;
  readonly reason: string | null;
  readonly commit: string | null;
  readonly validFrom: string;
  readonly recordedAt: string;
  readonly spec: Readonly<Record<string, unknown>> | null;
}

/** Newest first. */
export function history(ctx: CommandContext<Tx>, kind: EntityKind, name: string): Promise<HistoryEntry[]> {
  return ctx.read(async (tx) => {
    const { rows } = await sql<{ version: number; action: HistoryEntry["action"]; author: string; author_email: string | null; reason: string | null; source_commit: string | null; valid_from: Date; recorded_at: Date; spec: Record<string, unknown> | null }>`
      select version, action, author, author_email, reason, source_commit, valid_from, recorded_at, spec from register_history where org = ${ctx.org} and kind = ${kind} and name = ${name} order by version desc limit 1000`.execute(tx);
    return rows.map((row) => ({ version: row.version, action: row.action, author: row.author_email ?? row.author, reason: row.reason, commit: row.source_commit, validFrom: row.valid_from.toISOString(), recordedAt: row.recorded_at.toISOString(), spec: row.spec }));
  });
}

export interface PutBody {
  readonly metadata?: { readonly unit?: string | undefined; readonly labels?: Readonly<Record<string, string>> | undefined } | undefined;
  readonly spec: unknown;
}

/** One object, through the same checks as a manifest. Throws AppError 422 `manifest.invalid`. */
export async function putObject(ctx: CommandContext<Tx>, ports: RegisterPorts, kind: EntityKind, name: string, body: PutBody, options: ApplyOptions = {}): Promise<Change & Pick<ApplyResult, "widening">> {
  const definition = definitionOf(kind);
  if (!definition.manifest) throw new AppError({ code: "registry.read_only", status: 405, message: `Objects of kind ${kind} can't be written this way.`, remedies: [{ text: "Use the command that makes them." }] });
  const file = options.file ?? `${definition.plural}/${name}`;
  const metadata = metadataSchema.safeParse({ ...body.metadata, name }, { reportInput: true });
  const spec = definition.spec.safeParse(body.spec ?? {}, { reportInput: true });
  const problems = [
    ...(metadata.success ? [] : explainIssues(metadataSchema, metadata.error.issues, ["metadata"])),
    ...(spec.success ? [] : explainIssues(definition.spec, spec.error.issues, ["spec"])),
  ].map(({ path, message, remedy }) => ({ file, line: 1, column: 1, field: fieldText(path), message, remedy }));
  if (!metadata.success || !spec.success) throw invalid(problems);
  const object: ManifestObject = {
    kind, name, metadata: { unit: metadata.data.unit ?? null, labels: metadata.data.labels ?? {} }, spec: spec.data as Readonly<Record<string, unknown>>, placeOf: () => ({ line: 1, column: 1 }),
  };
  const { changes, widening } = await applyObjects(ctx, ports, [object], { ...options, file, asksWidening: true });
  return { ...changes[0]!, widening };
}

/** Throws AppError 404, or 409 `registry.in_use` while something refers to it, or a system still runs. */
export function deleteObject(ctx: CommandContext<Tx>, ports: RegisterPorts, kind: EntityKind, name: string, options: { readonly reason?: string | undefined } = {}): Promise<Change> {
  return proving(ports, (proven) => ctx.transact(async (tx, record) => {
    await lockRegister(tx, ctx.org, new Date(ctx.now()));
    const register = await loadRegister(tx, ctx.org);
    const object = register.get(kind, name);
    if (!object) throw notFound(kind, name);
    const { reference } = definitionOf(kind);
    const users = [...register.values()].filter((other) => definitionOf(other.kind).refs(other.spec).some((one) => one.kind === reference && (one.name === name || (kind === "McpServer" && one.name === `${name}/*`))));
    if (users.length > 0) {
      const named = users.slice(0, 5).map((user) => `${user.kind} ${user.name}`).join(", ");
      throw new AppError({ code: "registry.in_use", status: 409, message: `It is still referred to by ${named}.`, details: { users: users.map((user) => `${user.kind}/${user.name}`) }, remedies: [{ text: "Remove the references first." }] });
    }
    if (kind === "AISystem") await mustBeOver(tx, ctx, name);
    await removeObject(tx, ctx, object, { reason: options.reason ?? null, commit: null });
    record({ type: "register.change", ...(kind === "AISystem" ? { system: name } : {}), payload: { action: "remove", kind, name, author: ctx.actor.id, reason: options.reason ?? null } });
    await ports.reconcile(tx, ctx, record);
    // without a policy, what it kept true may no longer be
    if (kind === "Policy") {
      const broken = await checkInvariants(tx, ctx, ports, { objects: [], file: `policies/${name}`, proven, record });
      if (broken.problems.length > 0) throw invalid(broken.problems);
    }
    return { kind, name, action: "remove", needsApproval: false, voids: [] };
  }));
}

async function mustBeOver(tx: Tx, ctx: CommandContext<Tx>, name: string): Promise<void> {
  const { rows } = await sql<{ id: string }>`select a.id from authorizations a left join system_states s on s.org = a.org and s.system = a.system
    where a.org = ${ctx.org} and a.system = ${name} and a.state in ('granted', 'granted_with_conditions', 'reassessment_required') and s.halt is distinct from 'retired' limit 1`.execute(tx);
  if (rows.length > 0) throw new AppError({ code: "registry.in_use", status: 409, message: "This system holds an authorization.", remedies: [{ text: "Retire it first.", command: `npx mandate system retire ${name}` }] });
}

function notFound(kind: EntityKind, name: string): AppError {
  const { plural } = definitionOf(kind);
  return new AppError({ code: "registry.not_found", status: 404, message: `There is no ${kind} \`${name.slice(0, 128)}\`.`, remedies: [{ text: `List what there is.`, command: `npx mandate get ${plural}` }] });
}

export interface PinOptions {
  readonly shown?: Readonly<Record<string, string>> | undefined;
  /** @returns whether systems have to be looked at again */
  readonly accepted?: (tx: Tx, record: (evidence: MutationEvidence) => void, accepted: readonly OfferedTool[]) => Promise<boolean>;
}

/**
 * Accepts what a server offers now (`POST /api/v1/mcp-servers/{name}/pin`). The caller has asked the server already.
 * @param options.shown hash of each definition that the person read; absent: all there is
 * @param options.accepted what else follows from it, in the same transaction
 * @throws AppError 409 `mcp.offer_changed` where the server offers something else than what was read
 */
export function pinServer(ctx: CommandContext<Tx>, ports: RegisterPorts, name: string, tools: readonly OfferedTool[], reason: string, { shown, accepted: follow }: PinOptions = {}): Promise<{ readonly server: string; readonly tools: readonly string[] }> {
  return ctx.transact(async (tx, record) => {
    const now = new Date(ctx.now());
    await lockRegister(tx, ctx.org, now);
    if (!(await readObject(tx, ctx.org, "McpServer", name))) throw notFound("McpServer", name);
    if (shown !== undefined) mustBeOffered(tools, shown);
    const accepted = await storePins(tx, { org: ctx.org, server: name, tools, only: shown === undefined ? undefined : new Set(Object.keys(shown)), by: ctx.actor.id, reason, now });
    record({ type: "register.change", payload: { action: "pin", kind: "McpServer", name, tools: accepted.map(({ tool, hash }) => ({ tool, hash })), author: ctx.actor.id, reason } });
    await ports.reconcile(tx, ctx, record);
    if ((await follow?.(tx, record, accepted)) === true) await ports.reconcile(tx, ctx, record);
    return { server: name, tools: accepted.map((tool) => tool.tool) };
  });
}

/** INVARIANT: what is answered is what was read. A server could offer one definition to the reader, and another a moment later. */
export function mustBeOffered(tools: readonly OfferedTool[], shown: Readonly<Record<string, string>>): void {
  const offered = new Map(tools.map(({ tool, hash }) => [tool, hash]));
  const other = Object.entries(shown).filter(([tool, hash]) => offered.get(tool) !== hash).map(([tool]) => tool);
  if (other.length > 0) throw new AppError({ code: "mcp.offer_changed", status: 409, message: `The server offers another definition of ${other.slice(0, 5).map((tool) => `\`${tool.slice(0, 128)}\``).join(", ")} than the one that was shown, so nothing was changed.`, remedies: [{ text: "Read what it offers now, then answer again." }] });
}
