import type { SystemFacts, ToolFacts } from "@mandate/model";
import type { Turn } from "./labels.ts";

/** The user's own words: user turns of a system whose user channel is declared clean; otherwise none. */
export declare function userTextsFromMessages(turns: readonly Turn[], system: SystemFacts): readonly string[];

/** True when every critical argument of the call stands in the user's own words, compared by its type. */
export declare function argumentsFromUser(
  tool: ToolFacts,
  input: Readonly<Record<string, unknown>> | null,
  userTexts: readonly string[],
): boolean;
