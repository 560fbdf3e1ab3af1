import { reportFinding } from "../findings/index.ts";
import type { ServerContext } from "../context/index.ts";
import { someoneAdministers } from "./people.ts";

/** Each start with a bootstrap token is an entry and, once a person administers, a finding: the door is still open. */
export async function noteBootstrapStart(ctx: ServerContext): Promise<void> {
  const administered = await ctx.transact(async (tx, record) => {
    const result = await someoneAdministers(tx, ctx.org);
    record({ type: "setting", payload: { event: "started_with_bootstrap_token", personAdministers: result } });
    return result;
  });
  if (!administered) return;
  await reportFinding(ctx, {
    key: "bootstrap-token",
    system: null,
    kind: "bootstrap_token",
    title: "The bootstrap token is still set although a person administers",
    detail: "Whoever knows MANDATE_BOOTSTRAP_TOKEN administers without being a person. Remove the variable and start again.",
    owner: null,
  });
}
