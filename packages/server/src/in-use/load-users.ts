import type { Tx } from "../database/index.ts";
import { loadPins, loadRegister } from "../registry/index.ts";
import { inUse, type User } from "./users.ts";

/** Who uses each object of the register as it is now, by `kind:name`. */
export async function loadUsers(tx: Tx, org: string): Promise<ReadonlyMap<string, readonly User[]>> {
  return inUse(await loadRegister(tx, org), await loadPins(tx, org)).users;
}
