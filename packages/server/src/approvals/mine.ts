import type { Actor } from "../command.ts";
import type { Tx } from "../database/index.ts";
import { loadDirectory } from "./directory.ts";
import { placeFor, tierInForce } from "./obstacles.ts";
import { currentTiers, listApprovals } from "./read.ts";
import type { ApprovalRecord } from "./read.ts";

/** Questions that wait, looked at for one person; soonest to lapse first. */
const maxLookedAt = 500;

/** Which questions wait, and whether this actor could answer each now, by the rules that decide the answer itself. */
export async function waitingFor(tx: Tx, org: string, nowMs: number, actor: Actor): Promise<readonly { readonly approval: ApprovalRecord; readonly mine: boolean }[]> {
  const waiting = await listApprovals(tx, org, nowMs, { limit: maxLookedAt, state: "pending" });
  const directory = await loadDirectory(tx, org, nowMs, waiting, actor);
  const current = await currentTiers(tx, org, waiting.map((one) => one.system));
  return waiting.map((approval) => ({ approval, mine: "place" in placeFor(approval, actor, directory, tierInForce(approval, current.get(approval.system ?? "")), { passkey: true }) }));
}
