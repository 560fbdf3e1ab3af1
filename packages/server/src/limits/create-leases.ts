import type { GatewayLimits, LeaseAsk, LeaseGrant } from "@mandate/gateway";
import type { ModelFacts } from "@mandate/model";
import type { Database } from "../database/index.ts";
import type { ServerLog } from "../log.ts";
import { grantLease, returnLeases } from "./leases.ts";
import { usedBefore } from "./used-before.ts";

export interface LeasesInit {
  readonly db: Database;
  readonly org: string;
  readonly now: () => number;
  readonly log: ServerLog;
  readonly models: () => readonly ModelFacts[];
}

export interface Leases {
  grant(holder: string, ask: LeaseAsk): Promise<LeaseGrant>;
  returned(holder: string, origins: readonly string[], limits: Pick<GatewayLimits, "reservedOutputTokens" | "inputMicroEurosPerToken" | "outputMicroEurosPerToken">): Promise<void>;
}

/** Slices of limits for every gateway, this process's own included. */
export function createLeases({ db, org, now, log, models }: LeasesInit): Leases {
  return {
    async grant(holder, ask) {
      const grant = await db.transaction(org, (tx) => grantLease(tx, org, holder, ask));
      if (grant.total > ask.limit) log.warn("a limit is overshot: a gateway took a slice alone while it couldn't ask", { limit: ask.key, window: ask.span, by: grant.total - ask.limit, gateway: holder });
      return grant;
    },
    async returned(holder, origins, { reservedOutputTokens, inputMicroEurosPerToken, outputMicroEurosPerToken }) {
      const nowMs = now();
      await db.transaction(org, async (tx) => {
        const used = await usedBefore(tx, {
          org,
          nowMs,
          models: models(),
          assumed: { input: inputMicroEurosPerToken, output: outputMicroEurosPerToken },
          unknownTokens: { input: 0, output: reservedOutputTokens },
          origins,
        });
        await returnLeases(tx, org, holder, used, nowMs);
      });
    },
  };
}
