import type { Tx } from "../database/index.ts";
import { loadDirectory } from "./directory.ts";
import { membersNow } from "./seats.ts";
import type { ApproverSet } from "./seats.ts";

/** Seats with who could fill them now. */
export async function peopleOf(tx: Tx, org: string, nowMs: number, system: string, approvers: readonly Omit<ApproverSet, "members">[]): Promise<{ group: string; count: number; people: string[] }[]> {
  const directory = await loadDirectory(tx, org, nowMs, [{ system, approvers }]);
  return approvers.map((set) => ({ group: set.group, count: set.count, people: membersNow({ ...set, members: [] }, system, directory).map((one) => one.email) }));
}
