import { newId, tiers } from "@mandate/model";
import type { Tier } from "@mandate/model";
import { sql } from "kysely";
import { openApproval } from "../approvals/index.ts";
import type { CommandContext, Departure, MutationEvidence } from "../command.ts";
import { bumpRegisterVersion } from "../context/index.ts";
import type { Tx } from "../database/index.ts";
import { notify } from "../notifications/index.ts";
import { noteChange } from "../reassessment/index.ts";

type RecordEvidence = (evidence: MutationEvidence) => void;

const seats = ["business", "technical"] as const;
type Seat = (typeof seats)[number];

interface OpenVacancy {
  id: string;
  system: string;
  seat: Seat;
  email: string;
  why: "left" | "away";
  back_at: Date | null;
  successor: string | null;
  approval_id: string | null;
  approval_state: string | null;
  approval_ends: Date | null;
}

interface Absence {
  email: string;
  starts: Date;
  ends: Date | null;
}

interface Owned {
  name: string;
  tier: Tier;
  business: string | null;
  technical: string | null;
}

const answerWithinMs = 14 * 86_400_000;

/**
 * Compares every system's owners with who is here, in the transaction of whatever changed either: opens the clock of a
 * seat whose owner left or is away, asks a named successor, and ends the clock of an owner who is back. Idempotent.
 * The end itself is compared with the clock at the call; nothing here has to run for it (G5).
 */
export async function followOwners(tx: Tx, ctx: CommandContext<Tx>, record: RecordEvidence): Promise<void> {
  const now = new Date(ctx.now());
  const { rows: owned } = await sql<Owned>`select o.name, s.tier, lower(o.spec->'owners'->>'business') as business, lower(o.spec->'owners'->>'technical') as technical
    from register_objects o join system_states s on s.org = o.org and s.system = o.name where o.org = ${ctx.org} and o.kind = 'AISystem' and s.halt is distinct from 'retired' order by o.name`.execute(tx);
  const { rows: departed } = await sql<{ email: string }>`select email from people where org = ${ctx.org} and state = 'deactivated'`.execute(tx);
  const { rows: absences } = await sql<Absence>`select email, starts, ends from absences where org = ${ctx.org} and ended_at is null and (ends is null or ends > ${now})`.execute(tx);
  const { rows: vacancies } = await sql<OpenVacancy>`select v.id, v.system, v.seat, v.email, v.why, v.back_at, v.successor, v.approval_id, a.state as approval_state, a.expires_at as approval_ends
    from owner_vacancies v left join approvals a on a.org = v.org and a.id = v.approval_id where v.org = ${ctx.org} and v.ended_at is null`.execute(tx);
  const gone = new Set(departed.map((one) => one.email));
  const away = new Map(absences.map((one) => [one.email, one]));
  const known = new Map(vacancies.map((one) => [`${one.system} ${one.seat}`, one]));
  const opened: { readonly email: string; readonly why: "left" | "away"; readonly system: Owned; readonly seat: Seat }[] = [];
  let changed = false;
  for (const system of owned) {
    for (const seat of seats) {
      const named = system[seat];
      const vacancy = known.get(`${system.name} ${seat}`);
      if (vacancy === undefined) {
        const absence = named === null ? undefined : away.get(named);
        if (named === null || (!gone.has(named) && absence === undefined)) continue;
        const why = gone.has(named) ? "left" : "away";
        const since = why === "left" ? now : absence!.starts;
        const backAt = why === "left" ? null : absence!.ends;
        await sql`insert into owner_vacancies (org, id, system, seat, email, why, since, back_at) values (${ctx.org}, ${newId("object", ctx.now(), ctx.random)}, ${system.name}, ${seat}, ${named}, ${why}, ${since}, ${backAt})`.execute(tx);
        record({ type: "authorization", system: system.name, payload: { event: "owner_vacant", class: "B", seat, owner: named, why, since: since.toISOString(), backAt: backAt?.toISOString() ?? null } });
        await noteChange(tx, ctx, { trigger: "owner-vacant", class: "B", subject: `system:${system.name}`, what: `the ${seat} owner ${why === "left" ? "has left" : "is away"}`, old: named, new: null, observedBy: "register", reassessment: null });
        opened.push({ email: named, why, system, seat });
        changed = true;
      } else if (await followOne(tx, ctx, record, { system, seat, named, vacancy, gone, away })) changed = true;
    }
  }
  await tell(tx, ctx, opened);
  // A quiet command may have led here; what gateways hold changes all the same, and the publisher looks at the version.
  if (changed) await bumpRegisterVersion(tx, ctx.org, now);
}

interface Following {
  readonly system: Owned;
  readonly seat: Seat;
  readonly named: string | null;
  readonly vacancy: OpenVacancy;
  readonly gone: ReadonlySet<string>;
  readonly away: ReadonlyMap<string, Absence>;
}

/** @returns whether anything changed */
async function followOne(tx: Tx, ctx: CommandContext<Tx>, record: RecordEvidence, { system, seat, named, vacancy, gone, away }: Following): Promise<boolean> {
  if (named === vacancy.email) {
    const absence = away.get(named);
    if (!gone.has(named) && absence === undefined) {
      await sql`update owner_vacancies set ended_at = ${new Date(ctx.now())}, ended_why = 'back' where org = ${ctx.org} and id = ${vacancy.id}`.execute(tx);
      record({ type: "authorization", system: system.name, payload: { event: "owner_back", seat, owner: named } });
      return true;
    }
    const why = gone.has(named) ? "left" : "away";
    const backAt = why === "left" ? null : (absence?.ends ?? null);
    if (why === vacancy.why && backAt?.getTime() === vacancy.back_at?.getTime()) return false;
    // INVARIANT: `since` stays. An absence that becomes a departure, or is written anew, doesn't start the clock again.
    await sql`update owner_vacancies set why = ${why}, back_at = ${backAt} where org = ${ctx.org} and id = ${vacancy.id}`.execute(tx);
    record({ type: "authorization", system: system.name, payload: { event: "owner_vacant", class: "B", seat, owner: named, why, backAt: backAt?.toISOString() ?? null } });
    return true;
  }
  if (named === null || gone.has(named) || away.has(named)) return false;
  const lapsed = vacancy.approval_state === "pending" && vacancy.approval_ends !== null && vacancy.approval_ends.getTime() <= ctx.now();
  if (vacancy.successor === named && !lapsed) return false;
  await askSuccessor(tx, ctx, record, system, seat, vacancy, named);
  return true;
}

/** Answering for a system is a person's own act. Whoever names themselves needs a governance lead's word beside it. */
async function askSuccessor(tx: Tx, ctx: CommandContext<Tx>, record: RecordEvidence, system: Owned, seat: Seat, vacancy: OpenVacancy, successor: string): Promise<void> {
  const oneself = ctx.actor.email === successor;
  if (tiers.indexOf(system.tier) === tiers.indexOf("X")) return;
  const { id } = await openApproval(tx, ctx, record, {
    action: "owner.succeed",
    system: system.name,
    resource: `system:${system.name}`,
    tier: system.tier,
    callHash: null,
    reason: `Follow ${vacancy.email} as ${seat} owner.`,
    requester: null,
    rules: [],
    approvers: [{ group: "successor", count: 1, seat: { kind: "person", email: successor } }, ...(oneself ? [{ group: "governance leads", count: 1, seat: { kind: "role" as const, role: "governance-lead" as const } }] : [])],
    withinMs: answerWithinMs,
    statement: { resource: `system:${system.name}`, seat, successor, follows: vacancy.email },
  });
  await sql`update owner_vacancies set successor = ${successor}, approval_id = ${id} where org = ${ctx.org} and id = ${vacancy.id}`.execute(tx);
  record({ type: "authorization", system: system.name, approvals: [id], payload: { event: "successor_named", seat, successor, follows: vacancy.email, by: ctx.actor.id } });
}

/** One notice for a person, however many systems they leave. */
async function tell(tx: Tx, ctx: CommandContext<Tx>, opened: readonly { readonly email: string; readonly why: "left" | "away"; readonly system: Owned; readonly seat: Seat }[]): Promise<void> {
  if (opened.length === 0) return;
  const { rows: leads } = await sql<{ email: string }>`select p.email from people p join person_roles r on r.org = p.org and r.person_id = p.id where p.org = ${ctx.org} and p.state <> 'deactivated' and r.role = 'governance-lead' and r.granted_at is not null`.execute(tx);
  for (const [email, of] of Map.groupBy(opened, (one) => one.email)) {
    const names = [...new Set(of.map((one) => one.system.name))];
    await notify(tx, ctx, {
      kind: "owner.vacant",
      thread: `owner-${email}`,
      system: names.length === 1 ? names[0]! : null,
      to: [...leads.map((one) => one.email), ...of.flatMap(({ system, seat }) => system[seat === "business" ? "technical" : "business"] ?? [])].filter((one) => one !== email),
      subject: names.length === 1 ? `${names[0]} has no ${of[0]!.seat} owner any more` : `${names.length} systems lost an owner`,
      lines: [`${email} ${of[0]!.why === "left" ? "has left" : "is away"}: ${names.join(", ")}.`, "Name a successor in each manifest, who confirms it; otherwise the system is suspended when its tier's days are over."],
      path: "/findings?kind=owner.vacant",
    });
  }
}

/** In the transaction that deactivates somebody: the clock of every seat they held starts. */
export const vacateSeatsOf: Departure<Tx> = async (tx, ctx, _person, record) => followOwners(tx, ctx, record);
