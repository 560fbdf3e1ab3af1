import { tierTerms } from "@mandate/frameworks";
import { sql } from "kysely";
import type { ServerContext } from "../context/index.ts";
import type { NewFinding } from "../findings/index.ts";
import type { Job } from "../jobs/index.ts";
import type { SystemFacts } from "@mandate/model";

const watchedDays = 30;
const dayMs = 86_400_000;
/** Keys elsewhere of no known system are held to the loosest tier's age. */
const kinds = ["credential.unused", "credential.over_privileged", "credential.external_old", "credential.external_unowned"] as const;

export interface WatchUsePorts {
  readonly report: (finding: NewFinding) => Promise<void>;
  readonly settle: (kinds: readonly string[], open: ReadonlySet<string>) => Promise<void>;
  readonly systems: () => readonly SystemFacts[];
}

interface UseRow {
  id: string;
  name: string;
  system: string;
  kind: string;
  scope: string[];
  accountable: string;
  last_used_at: Date | null;
  used: string[];
}

interface ElsewhereRow {
  id: string;
  name: string;
  location: string;
  system: string | null;
  owner: string | null;
  created: string | null;
  ends: string | null;
  owner_here: boolean;
}

/** Compares what credentials may do with what they did: thirty days of decisions, each day. */
export function watchCredentials(ctx: ServerContext, ports: WatchUsePorts): Job {
  return {
    name: "credentials",
    everyMs: 3_600_000,
    async run() {
      const since = new Date(ctx.now() - watchedDays * dayMs);
      const open = new Set<string>();
      const report = async (finding: NewFinding): Promise<void> => {
        open.add(finding.key);
        await ports.report(finding);
      };
      const { rows } = await ctx.read((tx) => sql<UseRow>`select c.id, c.name, c.system, c.kind, c.scope, c.accountable, c.last_used_at,
          coalesce((select array_agg(distinct d.action) from decision d where d.org = c.org and d.credential = c.id and d.at >= ${since}), '{}') as used
        from credentials c where c.org = ${ctx.org} and c.state = 'active' and c.not_after > ${new Date(ctx.now())} and c.created_at < ${since} order by c.id limit 5000`.execute(tx));
      for (const row of rows) {
        const owner = row.accountable;
        if (row.last_used_at === null || row.last_used_at < since) {
          const last = row.last_used_at === null ? "has never been used" : `was last used on ${row.last_used_at.toISOString().slice(0, 10)}`;
          await report({ key: `credential.unused:${row.id}`, system: row.system, kind: "credential.unused", title: `${row.name} ${last}`, detail: `${row.kind} ${row.id}. What nobody uses, nobody misses when it is stolen.`, owner });
          continue;
        }
        // Keys carry every action by default: only a scope that somebody chose, for a machine, is too wide by choice.
        const unused = row.kind === "gateway-key" ? [] : row.scope.filter((action) => !row.used.includes(action));
        if (unused.length > 0) await report({ key: `credential.over_privileged:${row.id}`, system: row.system, kind: "credential.over_privileged", title: `${row.name} may do what it never does`, detail: `${row.id} has not used ${unused.join(", ")} in ${watchedDays} days.`, owner });
      }
      await watchElsewhere(ctx, ports, report);
      await ports.settle(kinds, open);
    },
  };
}

async function watchElsewhere(ctx: ServerContext, ports: WatchUsePorts, report: (finding: NewFinding) => Promise<void>): Promise<void> {
  const { rows } = await ctx.read((tx) => sql<ElsewhereRow>`select e.id, e.name, e.location, e.system, e.owner, to_char(e.created_on, 'YYYY-MM-DD') as created, to_char(e.ends_on, 'YYYY-MM-DD') as ends,
      exists (select 1 from people p where p.org = e.org and p.email = e.owner and p.state <> 'deactivated') as owner_here
    from external_credentials e where e.org = ${ctx.org} and e.gone_at is null order by e.id limit 20000`.execute(tx));
  const systems = new Map(ports.systems().map((system) => [system.name, system]));
  for (const row of rows) {
    const system = row.system === null ? undefined : systems.get(row.system);
    const maxDays = tierTerms(system?.tier ?? "T0").credentialMaxDays;
    const ageDays = row.created === null ? null : Math.floor((ctx.now() - Date.parse(row.created)) / dayMs);
    const ended = row.ends !== null && Date.parse(row.ends) + dayMs <= ctx.now();
    const why = ended ? `it ended on ${row.ends}` : ageDays === null ? "nobody knows its age" : ageDays > maxDays ? `it is ${ageDays} days old, of ${maxDays} that ${system?.tier ?? "T0"} allows` : null;
    const place = `${row.name} in ${row.location}`.slice(0, 200);
    if (why !== null) await report({ key: `credential.external_old:${row.id}`, system: system?.name ?? null, kind: "credential.external_old", title: `${place} is due for a new one`, detail: `${why}.`, owner: row.owner_here ? row.owner : (system?.owners.technical ?? null) });
    if (!row.owner_here) await report({ key: `credential.external_unowned:${row.id}`, system: system?.name ?? null, kind: "credential.external_unowned", title: `${place} has no owner who is here`, detail: row.owner === null ? "No owner was named." : `${row.owner} is not a person of the register, or has left.`, owner: system?.owners.technical ?? null });
  }
}
