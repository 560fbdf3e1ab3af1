import SCIMMY from "scimmy";
import type { MutationEvidence } from "../command.ts";
import type { ServerContext } from "../context/index.ts";
import type { Tx } from "../database/index.ts";
import type { Departure } from "../command.ts";

/** What each handler works with: one transaction for the whole request, so that a PATCH reads and writes the same row. */
export interface ScimContext {
  readonly tx: Tx;
  readonly ctx: ServerContext;
  readonly record: (evidence: MutationEvidence) => void;
  readonly departures: readonly Departure<Tx>[];
  /** Register groups to bring in line once the transaction stands. */
  readonly groupsChanged: Set<string>;
  /** What a handler threw that isn't SCIM's own error: the library would call it "not found". */
  readonly failures: unknown[];
}

/** Hands an error of ours past the library, which turns whatever it doesn't know into 404. */
export function keepingFailures<Args extends readonly unknown[], Result>(handler: (...args: [...Args, ScimContext]) => Promise<Result>): (...args: [...Args, ScimContext]) => Promise<Result> {
  return async (...args) => {
    try {
      return await handler(...args);
    } catch (error) {
      if (!(error instanceof SCIMMY.Types.Error)) (args.at(-1) as ScimContext).failures.push(error);
      throw error;
    }
  };
}

/** RFC 7644 §3.12. @param type one of its `scimType` words, or null */
export function scimError(status: number, type: "uniqueness" | "invalidValue" | "invalidFilter" | "mutability" | "tooMany" | null, message: string): Error {
  return new SCIMMY.Types.Error(status, type as string, message);
}
