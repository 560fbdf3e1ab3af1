import type { SessionLabels, SystemFacts, RegisterFacts } from "@mandate/model";

/** One turn of a conversation, normalised from whichever surface it came. */
export interface Turn {
  readonly role: "system" | "user" | "assistant" | "tool";
  readonly text: string;
  /** For `tool` turns: the register's or the called name of the tool whose result this is; null when unknown. */
  readonly toolName: string | null;
  /** A system turn rendered from an approved prompt version. */
  readonly approved?: boolean;
  /** The client truncated or summarized what came before. */
  readonly summarized?: boolean;
}

export declare function labelsFromMessages(
  turns: readonly Turn[],
  system: SystemFacts,
  facts: Pick<RegisterFacts, "tools" | "datasets">,
): SessionLabels;
