/** A row of `register_history` of kind AISystem, oldest first. */
export interface SystemChange {
  readonly name: string;
  readonly version: number;
  readonly action: "create" | "change" | "remove";
  readonly author: string;
  readonly at: string;
  readonly reason: string | null;
  readonly business: string | null;
  readonly technical: string | null;
}

export interface Population {
  readonly atStart: readonly string[];
  readonly atEnd: readonly string[];
  readonly added: readonly SystemChange[];
  readonly removed: readonly SystemChange[];
}

const before = (change: SystemChange, instant: string | null, open: boolean): boolean => (instant === null ? open : Date.parse(change.at) < Date.parse(instant));

/** Names on record just before `instant`; null is the beginning (`open` false) or now (`open` true). */
export function namesAt(changes: readonly SystemChange[], instant: string | null, open: boolean): string[] {
  const names = new Set<string>();
  for (const change of changes) {
    if (!before(change, instant, open)) continue;
    if (change.action === "remove") names.delete(change.name);
    else names.add(change.name);
  }
  return [...names].sort();
}

export function populationOf(changes: readonly SystemChange[], since: string | null, until: string | null): Population {
  const within = changes.filter((change) => before(change, until, true) && !before(change, since, false));
  return {
    atStart: namesAt(changes, since, false),
    atEnd: namesAt(changes, until, true),
    added: within.filter((change) => change.action === "create"),
    removed: within.filter((change) => change.action === "remove"),
  };
}

export interface OwnerSpell {
  readonly system: string;
  readonly business: string | null;
  readonly technical: string | null;
  readonly from: string;
  /** Null: still so. */
  readonly until: string | null;
  readonly author: string;
}

/** One row for each stretch of time in which a system's owners stayed the same. */
export function ownersOverTime(changes: readonly SystemChange[]): OwnerSpell[] {
  const spells: OwnerSpell[] = [];
  const open = new Map<string, number>();
  for (const change of changes) {
    const at = open.get(change.name);
    const last = at === undefined ? undefined : spells[at];
    if (last !== undefined && change.action !== "remove" && last.business === change.business && last.technical === change.technical) continue;
    if (at !== undefined && last !== undefined) spells[at] = { ...last, until: change.at };
    open.delete(change.name);
    if (change.action === "remove") continue;
    open.set(change.name, spells.length);
    spells.push({ system: change.name, business: change.business, technical: change.technical, from: change.at, until: null, author: change.author });
  }
  return spells;
}
