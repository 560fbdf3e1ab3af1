import { sql } from "kysely";
import type { Database } from "../database/index.ts";

const aliveSeconds = 15;
const beatMs = 3_000;

/** Slots of gateways inside control planes' own processes, as the database sees them. */
export interface Slots {
  /** Those somebody wrote for a moment ago. */
  alive(): Promise<ReadonlySet<string>>;
  /** Those that nobody ended, and nobody has written for since. */
  silent(): Promise<ReadonlySet<string>>;
  /** Says now and again that this one is there. Resolves when it was said once. */
  hold(slot: string): Promise<void>;
  /** It ended in good order. */
  release(slot: string): Promise<void>;
}

export function createSlots(db: Database, org: string): Slots {
  const beats = new Map<string, NodeJS.Timeout>();
  const beat = (slot: string): Promise<unknown> =>
    db.transaction(org, (tx) => sql`insert into own_slot (org, writer, seen_at) values (${org}, ${slot}, clock_timestamp()) on conflict (org, writer) do update set seen_at = excluded.seen_at`.execute(tx));
  const seen = async (lately: boolean): Promise<ReadonlySet<string>> => {
    const { rows } = await db.read(org, (tx) => sql<{ writer: string }>`select writer from own_slot
      where org = ${org} and (seen_at > clock_timestamp() - make_interval(secs => ${aliveSeconds})) = ${lately}`.execute(tx));
    return new Set(rows.map((row) => row.writer));
  };
  return {
    alive: () => seen(true),
    silent: () => seen(false),
    async hold(slot) {
      await beat(slot);
      // While the database is away nobody else can look either.
      beats.set(slot, setInterval(() => void beat(slot).catch(() => undefined), beatMs).unref());
    },
    async release(slot) {
      clearInterval(beats.get(slot));
      beats.delete(slot);
      await db.transaction(org, (tx) => sql`delete from own_slot where org = ${org} and writer = ${slot}`.execute(tx));
    },
  };
}
