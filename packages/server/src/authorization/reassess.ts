import { isDeepStrictEqual } from "node:util";
import type { CommandContext } from "../command.ts";
import type { Tx } from "../database/index.ts";
import { closeReassessments, knowsChange, noteChange, openReassessment, undecided, worst } from "../reassessment/index.ts";
import type { AffectedSystem, CaseChange } from "../reassessment/index.ts";
import type { VersionChange } from "./compare-versions.ts";
import type { RecordEvidence } from "./grant.ts";

/** What the comparison left open for one system. */
export interface Reassessed {
  readonly changes: readonly VersionChange[];
  readonly owners: readonly string[];
  /** What is denied, expanded to what calls name. */
  readonly differences?: readonly string[];
  /** Its owner attested them all (T0 and T1 pilots). */
  readonly attested?: boolean;
  /** It was stopped before, and undoing the change doesn't start it. */
  readonly keep?: boolean;
}

interface Found {
  readonly subject: string;
  readonly systems: Map<string, { changes: VersionChange[]; owners: readonly string[]; differences: readonly string[] }>;
}

/** One case a change: what a shared object's change does to fifty systems is one case with fifty rows. */
export async function keepCases(tx: Tx, ctx: CommandContext<Tx>, record: RecordEvidence, reassessed: ReadonlyMap<string, Reassessed>, of?: ReadonlySet<string>): Promise<void> {
  const every = await undecided(tx, ctx.org);
  const open = of === undefined ? every : new Map([...every].filter(([system]) => of.has(system)));
  const cases = new Map<string, Found>();
  for (const [system, { changes, owners, differences }] of reassessed) {
    for (const change of changes.filter((one) => one.class !== "A")) {
      const key = change.scope === "object" ? `object:${change.subject}` : `system:${system}`;
      const found = cases.get(key) ?? { subject: change.scope === "object" ? change.subject : `system:${system}`, systems: new Map() };
      const own = found.systems.get(system) ?? { changes: [], owners, differences: differences ?? [] };
      own.changes.push(change);
      found.systems.set(system, own);
      cases.set(key, found);
    }
  }
  for (const [key, found] of cases) {
    const fresh = [...found.systems].filter(([system, { changes }]) => !open.get(system)?.some((row) => row.key === key && isDeepStrictEqual(row.changes, plain(changes))));
    if (fresh.length === 0) continue;
    const all = fresh.flatMap(([, one]) => one.changes);
    const kind = worst(all.map((change) => change.class));
    const first = all.find((change) => change.class === kind)!;
    const several = found.subject.startsWith("system:") && new Set(all.map((change) => change.subject)).size > 1;
    await openReassessment(tx, ctx, record, {
      key, trigger: first.trigger, class: kind, subject: found.subject, heldBy: "version", observedBy: ctx.actor.email ?? ctx.actor.id,
      title: several ? `${found.subject.slice("system:".length)}: ${[...new Set(all.map((change) => change.what))].join(", ")}` : `${found.subject.startsWith("system:") ? `${found.subject.slice("system:".length)}: ` : `${found.subject}: `}${first.what}`,
      old: several ? null : first.old, new: several ? all.map((change) => change.subject) : first.new,
      systems: fresh.map(([system, { changes, owners, differences }]): AffectedSystem => ({ system, changes: changes.map(bare), owners, differences: differences.length > 0 ? differences : changes.map((change) => change.subject) })),
    });
  }
  for (const [system, { changes, attested }] of reassessed) {
    const cosmetic = changes.filter((one) => one.class === "A");
    if (attested !== true) for (const change of cosmetic) await noteOnce(tx, ctx, system, change);
  }
  await closeGone(tx, ctx, record, open, reassessed, cases);
}

/** A change that was taken back needs no decision any more, unless it stopped the system. */
async function closeGone(tx: Tx, ctx: CommandContext<Tx>, record: RecordEvidence, open: Awaited<ReturnType<typeof undecided>>, reassessed: ReadonlyMap<string, Reassessed>, cases: ReadonlyMap<string, Found>): Promise<void> {
  for (const [system, rows] of open) {
    const now = reassessed.get(system);
    if (now?.keep === true) continue;
    const gone = rows.filter((row) => row.heldBy === "version" && cases.get(row.key)?.systems.has(system) !== true).map((row) => row.reassessment);
    if (gone.length === 0) continue;
    const attested = now?.attested === true;
    await closeReassessments(tx, ctx, record, { system, outcome: attested ? "reaffirmed" : "withdrawn", reason: attested ? "its owner attests the change" : "the change is gone", authorization: null, openedBy: new Date(ctx.now()), reassessments: gone });
  }
}

/** Reconciling again says nothing new: the version that is there now is the mark. */
async function noteOnce(tx: Tx, ctx: CommandContext<Tx>, system: string, change: VersionChange): Promise<void> {
  if (await knowsChange(tx, ctx.org, { subject: `system:${system}`, what: change.what, new: change.new })) return;
  await noteChange(tx, ctx, { trigger: change.trigger, class: "A", subject: `system:${system}`, what: change.what, old: change.old, new: change.new, observedBy: ctx.actor.email ?? ctx.actor.id, reassessment: null });
}

/** As it is stored. */
function plain(changes: readonly VersionChange[]): unknown {
  return JSON.parse(JSON.stringify(changes.map(bare)));
}

function bare({ class: kind, trigger, subject, what, old, new: next }: VersionChange): CaseChange {
  return { class: kind, trigger, subject, what, old, new: next };
}
