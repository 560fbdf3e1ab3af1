import { LedgerError, maxSampleSize, sampleSeed } from "@mandate/ledger";
import type { Json } from "@mandate/ledger";
import { newId } from "@mandate/model";
import { sql } from "kysely";
import type { ServerContext } from "../context/index.ts";
import type { Database, Tx } from "../database/index.ts";
import type { Evidence } from "../evidence/index.ts";
import { auditEnded, auditorUnknown, endsWrong, mintedToken, notIndependent, populationEmpty, populationFixed, populationOpen, questionMissing, sampleMissing, systemUnknown, tooManyDraws, valueWrong } from "./errors.ts";
import { countPopulation, drawFrom } from "./population.ts";
import { appendRecord } from "./records.ts";
import { enter, readRoom } from "./room.ts";
import type { AuditRoom } from "./room.ts";

export const maxAuditDays = 366;
const maxDraws = 20;

/** What the commands work with beside their context. */
export interface AuditPorts {
  readonly db: Database;
  readonly evidence: Evidence;
  /** Brings every journal into the store and publishes checkpoints. */
  readonly drain: () => Promise<void>;
  /** Asks the witnesses for the newest checkpoint. */
  readonly cosign: () => Promise<void>;
}

export interface OpenAudit {
  readonly title: string;
  readonly framework: string | null;
  readonly systems: readonly string[];
  readonly since: string | null;
  readonly until: string | null;
  readonly auditors: readonly string[];
  readonly external: boolean;
  readonly ends: string;
}

/** @throws AppError `audits.auditor_unknown`, `audits.not_independent`, `audits.ends`, `audits.system_unknown` */
export async function openAudit(ctx: ServerContext, { evidence }: AuditPorts, asked: OpenAudit): Promise<AuditRoom> {
  const endsMs = Date.parse(asked.ends);
  if (endsMs <= ctx.now() || endsMs > ctx.now() + maxAuditDays * 86_400_000) throw endsWrong(maxAuditDays);
  return ctx.transact(async (tx, record) => {
    for (const name of asked.systems) {
      const { rows } = await sql`select 1 from register_history where org = ${ctx.org} and kind = 'AISystem' and name = ${name} limit 1`.execute(tx);
      if (rows.length === 0) throw systemUnknown(name);
    }
    const auditors: { person: string; email: string }[] = [];
    for (const email of new Set(asked.auditors)) auditors.push({ person: await independentAuditor(tx, ctx.org, email), email });
    const audit = newId("audit", ctx.now(), ctx.random);
    const ends = new Date(endsMs).toISOString();
    await sql`insert into audit_rooms (org, audit, auditors, ends, external) values (${ctx.org}, ${audit}, ${auditors.map((one) => one.person)}, ${ends}, ${asked.external})`.execute(tx);
    await appendRecord(tx, ctx, record, await evidence.controlLog(tx), { audit, kind: "opened", body: { ...asked, systems: [...new Set(asked.systems)], auditors, ends } });
    return unlogged(await readRoom(tx, ctx.org, audit, ctx.now()));
  });
}

/** Whoever audits has no part in what is audited: no other role, no system of their own. */
async function independentAuditor(tx: Tx, org: string, email: string): Promise<string> {
  const { rows } = await sql<{ id: string; roles: string[]; owns: boolean }>`select p.id, coalesce((select array_agg(distinct r.role) from person_roles r where r.org = p.org and r.person_id = p.id and r.granted_at is not null), '{}') as roles,
      exists (select 1 from register_objects o where o.org = p.org and o.kind = 'AISystem' and p.email in (lower(o.spec->'owners'->>'business'), lower(o.spec->'owners'->>'technical'))) as owns
    from people p where p.org = ${org} and p.email = ${email} and p.state <> 'deactivated'`.execute(tx);
  const person = rows[0];
  if (person === undefined || !person.roles.includes("auditor")) throw auditorUnknown(email);
  if (person.owns || person.roles.length > 1) throw notIndependent(email);
  return person.id;
}

/** Fixes what a sample can be drawn from, once and for all. @throws AppError `audits.population_fixed`, `evidence.altered` */
export async function fixPopulation(ctx: ServerContext, ports: AuditPorts, audit: string): Promise<AuditRoom> {
  const { scope, isFixed } = await ports.db.read(ctx.org, async (tx) => {
    await enter(tx, ctx.org, audit, ctx.actor, ctx.now(), "read");
    const room = await readRoom(tx, ctx.org, audit, ctx.now());
    if (room.state !== "open") throw auditEnded((room.closed?.at ?? room.ends).slice(0, 10));
    return { scope: room, isFixed: room.population !== null };
  });
  if (isFixed) throw populationFixed();
  await ports.drain();
  await ports.cosign();
  const population = await ports.db.read(ctx.org, (tx) => countPopulation(tx, ctx.org, ports.evidence.metaOrigin, scope), { isolation: "repeatable read" });
  // Fixed for good, it would leave a room in which nothing can ever be drawn.
  if (population.members === 0) throw populationEmpty();
  return change(ctx, ports, audit, async (tx, append) => {
    const { rows } = await sql`select 1 from audit_records where org = ${ctx.org} and audit = ${audit} and kind = 'population'`.execute(tx);
    if (rows.length > 0) throw populationFixed();
    await append("population", population as unknown as Readonly<Record<string, Json>>);
  });
}

/** Draws with the auditor's own value. @throws AppError `audits.population_open`, `audits.value`, `audits.draws`, `evidence.altered` */
export async function drawSample(ctx: ServerContext, ports: AuditPorts, audit: string, { value, size }: { readonly value: string; readonly size: number }): Promise<AuditRoom> {
  const room = await ports.db.read(ctx.org, async (tx) => {
    await enter(tx, ctx.org, audit, ctx.actor, ctx.now(), "auditor");
    return readRoom(tx, ctx.org, audit, ctx.now());
  });
  // Whoever can act as the auditor could choose their value.
  if (ctx.actor.proof === "minted") throw mintedToken();
  const { population } = room;
  if (population === null) throw populationOpen();
  if (room.samples.length >= maxDraws) throw tooManyDraws(maxDraws);
  const seed = seedOf(population, value);
  const members = await ports.db.read(ctx.org, (tx) => drawFrom(tx, ctx.org, population, room, seed, Math.min(size, maxSampleSize)), { isolation: "repeatable read" });
  return change(ctx, ports, audit, async (tx, append) => {
    const { rows } = await sql<{ count: number }>`select count(*)::int as count from audit_records where org = ${ctx.org} and audit = ${audit} and kind = 'sample'`.execute(tx);
    await append("sample", { draw: rows[0]!.count + 1, value, size, members: members.map((one) => ({ ...one })) });
  });
}

function seedOf(population: NonNullable<AuditRoom["population"]>, value: string): Uint8Array {
  try {
    return sampleSeed(population, value);
  } catch (error) {
    if (error instanceof LedgerError) throw valueWrong();
    throw error;
  }
}

export async function askQuestion(ctx: ServerContext, ports: AuditPorts, audit: string, { text, about }: { readonly text: string; readonly about: { readonly draw: number; readonly position: number } | null }): Promise<AuditRoom> {
  return change(ctx, ports, audit, async (tx, append) => {
    await enter(tx, ctx.org, audit, ctx.actor, ctx.now(), "auditor");
    if (about !== null && memberOf(await readRoom(tx, ctx.org, audit, ctx.now()), about) === undefined) throw sampleMissing();
    await append("question", { text, about: about === null ? null : { ...about } });
  });
}

export async function answerQuestion(ctx: ServerContext, ports: AuditPorts, audit: string, { question, text }: { readonly question: number; readonly text: string }): Promise<AuditRoom> {
  return change(ctx, ports, audit, async (tx, append) => {
    await enter(tx, ctx.org, audit, ctx.actor, ctx.now(), "operator");
    const { rows } = await sql`select 1 from audit_records where org = ${ctx.org} and audit = ${audit} and n = ${question} and kind = 'question'`.execute(tx);
    if (rows.length === 0) throw questionMissing();
    await append("answer", { question, text });
  });
}

/** Ends it before its end: by its auditors, or by those who opened it. */
export async function closeAudit(ctx: ServerContext, ports: AuditPorts, audit: string, reason: string): Promise<AuditRoom> {
  return change(ctx, ports, audit, async (tx, append) => {
    const { isAuditor } = await enter(tx, ctx.org, audit, ctx.actor, ctx.now(), "read");
    await enter(tx, ctx.org, audit, ctx.actor, ctx.now(), isAuditor ? "auditor" : "operator");
    await append("closed", { reason });
    await sql`update audit_rooms set closed_at = ${new Date(ctx.now())} where org = ${ctx.org} and audit = ${audit}`.execute(tx);
  });
}

/** The member at a place of a draw, both counted from 1. */
export function memberOf(room: AuditRoom, { draw, position }: { readonly draw: number; readonly position: number }) {
  return room.samples.find((one) => one.draw === draw)?.members[position - 1];
}

async function change(ctx: ServerContext, { evidence }: AuditPorts, audit: string, work: (tx: Tx, append: (kind: "population" | "sample" | "question" | "answer" | "closed", body: Readonly<Record<string, Json>>) => Promise<void>) => Promise<void>): Promise<AuditRoom> {
  return ctx.transact(async (tx, record) => {
    const { rows } = await sql<{ closed_at: Date | null }>`select closed_at from audit_rooms where org = ${ctx.org} and audit = ${audit} for update`.execute(tx);
    const closed = rows[0]?.closed_at;
    if (closed !== undefined && closed !== null) throw auditEnded(closed.toISOString().slice(0, 10));
    await work(tx, async (kind, body) => void (await appendRecord(tx, ctx, record, await evidence.controlLog(tx), { audit, kind, body })));
    return unlogged(await readRoom(tx, ctx.org, audit, ctx.now()));
  });
}

/** The newest record's entry is written when the transaction ends: it can't be compared with the log before. */
function unlogged(room: AuditRoom): AuditRoom {
  return { ...room, altered: [] };
}
