import { sql } from "kysely";
import { waitingFor } from "../approvals/index.ts";
import type { SystemView } from "../authorization/index.ts";
import type { Actor } from "../command.ts";
import type { Tx } from "../database/index.ts";
import { exceptionsInForce } from "../exceptions/index.ts";
import { listFindings } from "../findings/index.ts";
import { openIncidents } from "../incidents/index.ts";
import { openCases } from "../reassessment/index.ts";
import { asked as askedFor, dayOf, ending, inWords, nameSystems, soonMs } from "./needs.ts";

export interface Need {
  readonly kind: string;
  readonly outcome: "deny" | "hold" | "unknown";
  readonly title: string;
  readonly detail: string;
  readonly href: string;
  /** Who asks can do it, or owns it; else it is another's turn. */
  readonly yours: boolean;
}

/** Of each kind that is another's turn, as many. */
const othersEach = 8;
const yoursAtMost = 50;
const allOthers = 16;

interface DueCondition {
  readonly system: string;
  readonly metric: string;
  readonly due: Date;
  readonly met: boolean | null;
  readonly shown: string | null;
}

/** Everything that waits for somebody: what `actor` can do or owns first, then what is others' turn. */
export async function needsOf(tx: Tx, org: string, nowMs: number, actor: Actor, systems: readonly SystemView[]): Promise<readonly Need[]> {
  const { email } = actor;
  const leads = actor.roles.includes("governance-lead");
  const byName = new Map(systems.map((one) => [one.name, one]));
  const named = nameSystems(new Map(systems.map((one) => [one.name, one.title])));
  const titleOf = (name: string | null): string => byName.get(name ?? "")?.title ?? name ?? "";
  const owns = (name: string | null): boolean => {
    const owners = byName.get(name ?? "")?.owners;
    return email !== null && owners !== undefined && (owners.business === email || owners.technical === email);
  };
  /** Nobody's own, so it falls to whoever leads governance. */
  const falls = (name: string): boolean => owns(name) || (leads && byName.get(name)?.owners.business == null && byName.get(name)?.owners.technical == null);

  const questions = await waitingFor(tx, org, nowMs, actor);
  const about = (one: (typeof questions)[number]["approval"]): boolean => one.resource === `system:${one.system}`;
  const questioned = new Set(questions.map((one) => one.approval).filter(about).map((one) => one.system));
  const approvals = questions.map(({ approval, mine }): Need => ({
    kind: approval.action, outcome: "hold", yours: mine, href: `/approve/${approval.id}`, detail: named(String(approval.statement["reason"] ?? "")),
    // About a system itself, not about a call of it: the system's own name says it better than `system:NAME`.
    title: about(approval) ? `${titleOf(approval.system)} waits for a decision` : askedFor(approval.action, approval.system === null ? null : titleOf(approval.system), approval.resource),
  }));

  const incidents = (await openIncidents(tx, org, nowMs, 20)).map((one): Need => ({ kind: "incident", outcome: "deny", yours: leads || one.systems.some(owns), title: `Incident: ${one.title}`, detail: one.nextDue === null ? `Open since ${dayOf(one.openedAt)}.` : `Next due ${dayOf(one.nextDue)}.`, href: `/incidents?id=${one.id}` }));

  const ends = systems.filter((one) => ending(one, nowMs)).map((one): Need => {
    const expired = one.statusCode === "authorization_expired";
    return { kind: "ending", outcome: expired ? "deny" : "hold", yours: owns(one.name), title: `Renew or retire ${one.title}`, detail: expired ? `Ended ${dayOf(one.authorization!.ends!)}. Calls are refused since.` : `Ends ${dayOf(one.authorization!.ends!)}.`, href: `/systems/${one.name}` };
  });

  const lacking = systems
    .filter((one) => one.lifecycle !== "retired" && one.missing.length > 0 && !(questioned.has(one.name) && one.missing.every((part) => part === "authorization")))
    .map((one): Need => ({ kind: "missing", outcome: "deny", yours: falls(one.name), title: `${one.title} lacks ${inWords(one.missing)}`, detail: "Calls are refused until it is there.", href: `/systems/${one.name}` }));

  const vacancies = systems.flatMap((one) => (one.lifecycle === "retired" ? [] : one.vacancies.map((vacancy): Need => ({
    kind: "vacancy", outcome: "deny", yours: leads || owns(one.name), title: `${one.title} has no ${vacancy.seat} owner`,
    detail: `${vacancy.successor === null ? "Name a successor" : `${vacancy.successor} was named and hasn't confirmed it`}.${one.ownerVacantDue === null ? "" : ` It is suspended ${dayOf(one.ownerVacantDue)}.`}`, href: `/systems/${one.name}`,
  }))));

  const { rows: due } = await sql<DueCondition>`select a.system, one.condition ->> 'metric' as metric, (one.condition ->> 'due')::timestamptz as due, c.met, c.shown from authorizations a
    cross join lateral jsonb_array_elements(a.conditions) with ordinality as one(condition, place) left join condition_checks c on c.org = a.org and c.authorization_id = a.id and c.position = one.place - 1
    where a.org = ${org} and a.state = 'granted_with_conditions' and a.ends > ${new Date(nowMs)} and (one.condition ->> 'due')::timestamptz <= ${new Date(nowMs + soonMs)} and c.met is not true order by 3 limit 50`.execute(tx);
  const conditions = due.map((one): Need => ({ kind: "condition", outcome: one.due.getTime() <= nowMs ? "deny" : "hold", yours: owns(one.system), title: `${titleOf(one.system)}: ${one.metric.replaceAll("_", " ")} isn't as agreed`, detail: `${one.shown ?? "Not measured yet."} ${one.due.getTime() <= nowMs ? "Was due" : "Due"} ${dayOf(one.due.toISOString())}.`, href: `/systems/${one.system}/promotion` }));

  const exceptions = (await exceptionsInForce(tx, org, nowMs)).filter((one) => one.endsAt.getTime() - nowMs < soonMs).map((one): Need => ({ kind: "exception", outcome: "hold", yours: owns(one.system) || (email !== null && one.requesterEmail === email), title: `${titleOf(one.system)}: the exception from ${one.target} ends ${dayOf(one.endsAt.toISOString())}`, detail: named(one.reason), href: "/exceptions" }));

  const { rows: reached } = await sql<{ id: string; system: string }>`select reassessment_id as id, system from reassessment_systems where org = ${org} and outcome is null limit 5000`.execute(tx);
  const answerable = new Set(questions.filter((one) => one.mine).map((one) => one.approval.system));
  const cases = (await openCases(tx, org, 100)).map((one): Need => ({ kind: "reassessment", outcome: one.class === "C" ? "deny" : "hold", yours: reached.some((of) => of.id === one.id && (owns(of.system) || answerable.has(of.system))), title: named(one.title), detail: one.dueAt === null ? "Somebody looks and says why it is fine." : `Due ${dayOf(one.dueAt.toISOString())}.`, href: `/reassessments/${one.id}` }));

  const open = [...(email === null ? [] : await listFindings(tx, org, nowMs, { limit: yoursAtMost, state: "open", owner: email })), ...(await listFindings(tx, org, nowMs, { limit: 20, state: "open" }))];
  const findings = [...new Map(open.map((one) => [one.id, one])).values()].map((one): Need => ({ kind: "finding", outcome: "unknown", yours: (email !== null && one.owner === email) || (leads && one.owner === null), title: named(one.title), detail: named(one.detail), href: one.system === null ? "/findings" : `/findings?system=${encodeURIComponent(one.system)}` }));

  const kinds = [incidents, approvals, vacancies, conditions, ends, lacking, cases, exceptions, findings];
  const yours = kinds.flatMap((all) => all.filter((one) => one.yours)).slice(0, yoursAtMost);
  const others = kinds.flatMap((all) => all.filter((one) => !one.yours).slice(0, othersEach)).slice(0, allOthers);
  return [...yours, ...others];
}
