import { sql } from "kysely";
import type { Tx } from "../database/index.ts";
import { earliestId } from "../evidence/index.ts";
import { loadRegister } from "../registry/index.ts";
import type { Register } from "../registry/index.ts";
import type { KillScope } from "./kill.ts";

/** What a stop will do, in numbers, before anybody does it. */
export interface KillEffect {
  /** Systems that lose something. */
  readonly systems: readonly string[];
  /** Allowed calls an hour that will be refused: the mean of the last 24 hours, rounded up. */
  readonly callsAnHour: number;
  readonly callsLastHour: number;
  readonly calls24h: number;
}

const hourMs = 3_600_000;

/** Resources, as decisions name them, that a stop of a model, a tool or a vendor reaches. */
export function resourcesOf({ kind, name }: KillScope, register: Register): readonly string[] {
  if (kind === "model") return [`model:${name}`];
  if (kind === "tool") return [`tool:${name}`];
  if (kind !== "vendor") return [];
  const of = (vendor: string | undefined): boolean => vendor === `vendor:${name}`;
  const servers = new Set(register.all("McpServer").filter((one) => of(one.spec.vendor)).map((one) => `mcp-server:${one.name}`));
  return [
    ...register.all("Model").filter((one) => of(one.spec.vendor)).map((one) => `model:${one.name}`),
    ...register.all("Destination").filter((one) => of(one.spec.vendor)).map((one) => `destination:${one.name}`),
    ...register.all("Tool").filter((one) => one.spec.server !== undefined && servers.has(one.spec.server)).map((one) => `tool:${one.name}`),
  ];
}

/** Read-only; counts calls, and the tool calls inside their answers. */
export async function effectOf(tx: Tx, org: string, scope: KillScope, nowMs: number): Promise<KillEffect> {
  const register = await loadRegister(tx, org);
  const resources = [...resourcesOf(scope, register)];
  const tools = resources.filter((one) => one.startsWith("tool:")).map((one) => one.slice(5));
  const hit =
    scope.kind === "all" ? sql`true`
    : scope.kind === "system" ? sql`system = ${scope.name}`
    : scope.kind === "credential" ? sql`credential = ${scope.name}`
    : sql`(resource = any(${resources}) or exists (select 1 from jsonb_to_recordset(coalesce(tools, '[]'::jsonb)) as one(tool text, outcome text) where one.tool = any(${tools}) and one.outcome = 'allow'))`;
  const { rows } = await sql<{ day: number; hour: number; systems: string[] | null }>`select count(*)::int as day, count(*) filter (where at >= ${new Date(nowMs - hourMs)})::int as hour, array_agg(distinct system) filter (where system is not null) as systems
    from decision where org = ${org} and id >= ${earliestId(new Date(nowMs - 24 * hourMs))} and at >= ${new Date(nowMs - 24 * hourMs)} and outcome = 'allow' and ${hit}`.execute(tx);
  const { day, hour, systems } = rows[0]!;
  const granted = register.all("AISystem").filter((system) => {
    if (scope.kind === "all") return true;
    if (scope.kind === "system") return system.name === scope.name;
    const { models, tools: used, destinations } = system.spec.uses;
    return [...models, ...used, ...destinations].some((one) => resources.includes(one));
  });
  const { rows: keyed } = scope.kind === "credential" ? await sql<{ system: string }>`select system from credentials where org = ${org} and id = ${scope.name}`.execute(tx) : { rows: [] };
  return { systems: [...new Set([...granted.map((one) => one.name), ...keyed.map((one) => one.system), ...(systems ?? [])])].toSorted(), callsAnHour: Math.max(hour, Math.ceil(day / 24)), callsLastHour: hour, calls24h: day };
}
