import { sql } from "kysely";
import type { CommandContext } from "../command.ts";
import type { Tx } from "../database/index.ts";
import { putPerson } from "./people.ts";
import type { AskForRoles } from "./people.ts";
import { createSignInLink, createToken } from "./sign-in.ts";

/** Whoever starts Mandate on an empty data directory. Renamed, or joined by others, in Settings. */
export const firstPersonEmail = "administrator@mandate.localhost";

const tokenLifetimeMs = 30 * 86_400_000;

export interface FirstPerson {
  readonly email: string;
  /** The secret of a sign-in link that works once. */
  readonly link: string;
  /** Acts as the first person on the command line. */
  readonly token: string;
}

/**
 * A way in for the first start: who reads this process's output administers, and approves nothing. Undefined once
 * anybody has signed in, so that a later reader of a terminal or log gains nothing.
 */
export async function inviteFirstPerson(ctx: CommandContext<Tx>, ask: AskForRoles): Promise<FirstPerson | undefined> {
  const someoneSignedIn = await ctx.read(async (tx) => {
    const { rows } = await sql<{ found: boolean }>`select exists (select from people where org = ${ctx.org} and (state = 'active' or email <> ${firstPersonEmail})) as found`.execute(tx);
    return rows[0]!.found;
  });
  if (someoneSignedIn) return undefined;
  await putPerson(ctx, { email: firstPersonEmail, name: "First administrator", roles: ["administrator", "developer"] }, ask);
  const { secret } = await createSignInLink(ctx, firstPersonEmail);
  const { token } = await createToken(ctx, firstPersonEmail, new Date(ctx.now() + tokenLifetimeMs));
  return { email: firstPersonEmail, link: secret, token };
}
