import { AppError } from "@mandate/model";
import type { Role } from "@mandate/model";
import { sql } from "kysely";
import type { ServerContext } from "../context/index.ts";
import { refuseCooling } from "../cooling.ts";
import type { Tx } from "../database/index.ts";
import { readObject } from "../registry/index.ts";
import type { StoredObject } from "../registry/index.ts";

export interface Acceptance {
  readonly risk: string;
  readonly by: string;
  readonly role: string;
  readonly reason: string;
  readonly at: string;
  readonly ends: string;
  /** `ended` by the clock, `changed` when the risk reads differently now, `withdrawn` by a person. */
  readonly state: "in-force" | "ended" | "changed" | "withdrawn";
}

interface AcceptanceRow {
  risk: string;
  event: "accepted" | "withdrawn";
  version: number;
  email: string;
  role: string;
  reason: string;
  at: Date;
  ends: Date | null;
  current: number | null;
}

/** Who may live with how much: what a role can answer for grows with it. */
const mayAccept: Readonly<Record<string, readonly Role[]>> = {
  low: ["business-owner", "governance-lead", "authorizing-official"],
  medium: ["business-owner", "governance-lead", "authorizing-official"],
  high: ["authorizing-official"],
};

const longestMs = 366 * 86_400_000;

/** The newest word on each risk. */
export async function listAcceptances(tx: Tx, org: string, nowMs: number, risk?: string): Promise<readonly Acceptance[]> {
  const { rows } = await sql<AcceptanceRow>`select distinct on (a.risk) a.risk, a.event, a.version, a.email, a.role, a.reason, a.at,
      coalesce(a.ends, (select max(b.ends) from risk_acceptances b where b.org = a.org and b.risk = a.risk)) as ends, o.version as current
    from risk_acceptances a left join register_objects o on o.org = a.org and o.kind = 'Risk' and o.name = a.risk
    where a.org = ${org} and (${risk ?? null}::text is null or a.risk = ${risk ?? null}) order by a.risk, a.seq desc limit 1000`.execute(tx);
  return rows.map((row) => ({
    risk: row.risk,
    by: row.email,
    role: row.role,
    reason: row.reason,
    at: row.at.toISOString(),
    ends: row.ends!.toISOString(),
    state: row.event === "withdrawn" ? "withdrawn" : row.current !== row.version ? "changed" : row.ends!.getTime() <= nowMs ? "ended" : "in-force",
  }));
}

async function readRisk(tx: Tx, org: string, name: string): Promise<StoredObject<"Risk">> {
  const found = await readObject(tx, org, "Risk", name);
  if (found === undefined) throw new AppError({ code: "records.risk_unknown", status: 404, message: "There is no risk with this name.", remedies: [{ text: "List them.", command: "npx mandate get risks" }] });
  return found as StoredObject<"Risk">;
}

/** A natural person who holds the role now. Who wrote the risk down may not be the one who lives with it. */
function seatOf(ctx: ServerContext, risk: StoredObject<"Risk">): Role {
  const { actor } = ctx;
  if (actor.kind !== "person" || actor.email === null || actor.proof === "minted") {
    throw new AppError({ code: "records.not_a_person", status: 403, message: "A risk is accepted by a person acting as themselves.", remedies: [{ text: "Sign in as yourself, or use a token that you made." }] });
  }
  refuseCooling(actor);
  const roles = mayAccept[risk.spec.residual]!;
  const role = actor.roles.find((one) => roles.includes(one));
  if (role === undefined) throw new AppError({ code: "records.wrong_role", status: 403, message: `A ${risk.spec.residual} residual risk is accepted by its ${roles.join(", ")}.`, remedies: [{ text: `Ask someone who is ${roles.join(" or ")}.` }] });
  if (actor.email === risk.spec.owner) throw new AppError({ code: "records.own_risk", status: 403, message: "You own this risk, so another person accepts what is left of it.", remedies: [{ text: `Ask another ${roles.join(" or ")}.` }] });
  return role;
}

export async function acceptRisk(ctx: ServerContext, name: string, reason: string, ends: Date): Promise<Acceptance> {
  if (ends.getTime() <= ctx.now() || ends.getTime() > ctx.now() + longestMs) {
    throw new AppError({ code: "records.acceptance_end", status: 400, message: "An acceptance ends in the future, within a year.", remedies: [{ text: "Choose another end." }] });
  }
  return ctx.transact(async (tx, record) => {
    const risk = await readRisk(tx, ctx.org, name);
    const role = seatOf(ctx, risk);
    await insert(tx, ctx, risk, { event: "accepted", role, reason, ends });
    record({ type: "register.change", payload: { action: "accept", kind: "Risk", name, version: risk.version, residual: risk.spec.residual, systems: risk.spec.systems, person: ctx.actor.id, role, reason, ends: ends.toISOString() } });
    return (await listAcceptances(tx, ctx.org, ctx.now(), name))[0]!;
  });
}

/** Taking an acceptance back needs no more than the role that could give it: it only makes things stricter. */
export async function withdrawAcceptance(ctx: ServerContext, name: string, reason: string): Promise<Acceptance> {
  return ctx.transact(async (tx, record) => {
    const risk = await readRisk(tx, ctx.org, name);
    const role = seatOf(ctx, risk);
    const [known] = await listAcceptances(tx, ctx.org, ctx.now(), name);
    if (known === undefined || known.state === "withdrawn") throw new AppError({ code: "records.not_accepted", status: 409, message: "Nobody has accepted this risk.", remedies: [{ text: "Nothing is left to do." }] });
    await insert(tx, ctx, risk, { event: "withdrawn", role, reason, ends: null });
    record({ type: "register.change", payload: { action: "withdraw-acceptance", kind: "Risk", name, person: ctx.actor.id, role, reason } });
    return (await listAcceptances(tx, ctx.org, ctx.now(), name))[0]!;
  });
}

async function insert(tx: Tx, ctx: ServerContext, risk: StoredObject<"Risk">, one: { event: "accepted" | "withdrawn"; role: string; reason: string; ends: Date | null }): Promise<void> {
  await sql`insert into risk_acceptances (org, risk, seq, event, version, residual, person_id, email, role, reason, at, ends)
    values (${ctx.org}, ${risk.name}, (select coalesce(max(seq), 0) + 1 from risk_acceptances where org = ${ctx.org} and risk = ${risk.name}), ${one.event}, ${risk.version}, ${risk.spec.residual},
      ${ctx.actor.id}, ${ctx.actor.email}, ${one.role}, ${one.reason}, ${new Date(ctx.now())}, ${one.ends})`.execute(tx);
}
