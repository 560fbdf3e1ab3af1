import { AppError } from "@mandate/model";
import type { Database } from "../database/index.ts";
import { hashAgain } from "./hash-again.ts";
import { listLogs } from "./logs.ts";
import { rehash } from "./rehash.ts";
import { markWhole, wholeMark } from "./whole-mark.ts";

/**
 * Throws AppError `evidence.altered` (500), naming what and where, unless the whole store hashes to its signed heads. Once
 * this process has read all of it, every byte is hashed again inside the database instead of being fetched. The
 * index of decisions is left out: it is rebuilt from entries and proves nothing.
 * @param limits a store of more entries than `atMost` is not gone through
 */
export async function assertWhole(db: Database, org: string, limits: { readonly atMost?: number } = {}): Promise<void> {
  if (limits.atMost !== undefined) {
    const sizes = await db.read(org, (tx) => listLogs(tx, org));
    if (sizes.reduce((sum, log) => sum + log.size, 0) > limits.atMost) return;
  }
  const mark = wholeMark(db, org);
  const again = mark === undefined ? undefined : await hashAgain(db, org, mark).catch(() => undefined);
  if (again !== undefined) return markWhole(db, org, again);
  // The first time, and to say what and where when something differs.
  const problems = (await rehash(db, org)).problems.filter((problem) => !/^(?:decision|count)\./.test(problem.code) && problem.code !== "key.unmatched");
  const [first] = problems;
  if (first === undefined) return;
  throw new AppError({
    code: "evidence.altered",
    status: 500,
    message: `The evidence store was altered: ${first.message} (${first.path}${first.index === null ? "" : `, index ${first.index}`}${problems.length > 1 ? `, and ${problems.length - 1} more` : ""}). Keep the database as it is, and run \`mandate evidence verify\`.`,
    details: { problems: problems.slice(0, 20) },
  });
}
