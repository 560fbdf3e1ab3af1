import { z } from "zod";
import type { Database } from "../database/index.ts";
import { addedSchema } from "./figures.ts";
import type { Added, GatewayFigures } from "./figures.ts";
import type { GatewayLinks } from "./links.ts";
import { listGateways } from "./store.ts";

/** What a gateway told us last. */
export interface GatewayState {
  readonly name: string;
  readonly registerVersion: number | null;
  /** RFC 3339, or null when it never reported. */
  readonly lastSeen: string | null;
  /** True when it enforces the newest register version. */
  readonly confirmed: boolean;
  readonly added: Added;
}

export const gatewaySchema = z.object({
  id: z.string().nullable(),
  name: z.string(),
  registerVersion: z.number().nullable(),
  lastSeen: z.string().nullable(),
  confirmed: z.boolean(),
  format: z.number().int().nullable(),
  serves: z.array(z.string()).nullable(),
  added: addedSchema.nullable().describe("What Mandate itself took of the calls of the last hour, in milliseconds; null: not known"),
});
export type GatewayItem = z.infer<typeof gatewaySchema>;

export interface GatewayList {
  all(): Promise<readonly GatewayItem[]>;
  /** Those elsewhere that enrolled, each with its own log. */
  elsewhere(): Promise<readonly { readonly id: string; readonly name: string; readonly origin: string; readonly canBeProbed: boolean }[]>;
  readonly figures: GatewayFigures;
}

/** Every gateway there is: this process's own first, then those elsewhere by name. */
export function createGatewayList({ db, org, links, figures, local }: { readonly db: Database; readonly org: string; readonly links: GatewayLinks; readonly figures: GatewayFigures; readonly local: () => readonly GatewayState[] }): GatewayList {
  return {
    figures,
    async elsewhere() {
      const rows = await db.read(org, (tx) => listGateways(tx, org));
      return rows.flatMap(({ id, name, origin }) => (origin === null ? [] : [{ id, name, origin, canBeProbed: links.canBeProbed(id) }]));
    },
    async all() {
      const rows = await db.read(org, (tx) => listGateways(tx, org));
      const live = links.enforced();
      return [
        ...local().map((one) => ({ id: null, ...one, format: null, serves: null })),
        ...rows.map((row) => {
          const now = live.get(row.id);
          return {
            id: row.id,
            name: row.name,
            registerVersion: now?.version ?? (row.registerVersion === null ? null : Number(row.registerVersion)),
            lastSeen: row.lastSeenAt?.toISOString() ?? null,
            confirmed: now?.isNewest === true,
            format: now?.format ?? null,
            serves: row.serves === null ? null : [...row.serves],
            added: now === undefined ? null : figures.of(row.id),
          };
        }),
      ];
    },
  };
}
