/** The static guardrails, exactly as enforced, for printing. */
export declare const guardrailsCedar: string;
export declare const guardrailIds: readonly string[];
