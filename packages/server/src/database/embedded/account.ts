import { chownSync, lchownSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";

/** Who the server runs as; null means as ourselves. */
export interface Account {
  readonly uid: number;
  readonly gid: number;
}

/**
 * PostgreSQL refuses root. An existing cluster keeps its owner; a new one takes `postgres` or `nobody`, since initdb
 * wants an account that has a name.
 */
export function chooseAccount(clusterDir: string): Account | null {
  if (process.getuid?.() !== 0) return null;
  const owner = statSync(clusterDir, { throwIfNoEntry: false });
  if (owner !== undefined && owner.uid !== 0) return { uid: owner.uid, gid: owner.gid };
  return namedAccount("postgres") ?? namedAccount("nobody") ?? { uid: 65534, gid: 65534 };
}

function namedAccount(name: string): Account | null {
  let passwd: string;
  try {
    passwd = readFileSync("/etc/passwd", "utf8");
  } catch {
    return null;
  }
  const fields = passwd
    .split("\n")
    .find((line) => line.startsWith(`${name}:`))
    ?.split(":");
  const uid = Number(fields?.[2]);
  const gid = Number(fields?.[3]);
  return Number.isInteger(uid) && Number.isInteger(gid) && uid !== 0 ? { uid, gid } : null;
}

/** True when the account may read `path` and walk every directory on the way to it. */
export function canReach(account: Account | null, path: string): boolean {
  if (account === null) return true;
  const grants = (target: string, bits: number): boolean => {
    const { mode, uid, gid } = statSync(target);
    const shift = uid === account.uid ? 6 : gid === account.gid ? 3 : 0;
    return ((mode >> shift) & bits) === bits;
  };
  const absolute = resolve(path);
  if (!grants(absolute, 5)) return false;
  for (let parent = dirname(absolute); ; parent = dirname(parent)) {
    if (!grants(parent, 1)) return false;
    if (parent === dirname(parent)) return true;
  }
}

/** Gives a whole tree to the account, links themselves included: a copy made by root belongs to root. */
export function giveTree(path: string, account: Account): void {
  chownSync(path, account.uid, account.gid);
  for (const entry of readdirSync(path, { withFileTypes: true, recursive: true })) {
    lchownSync(join(entry.parentPath, entry.name), account.uid, account.gid);
  }
}
