import type { RegisterFacts } from "@mandate/model";

/** The Cedar schema of our domain as printable text; `toolName` gives `tool.call` that tool's own context type. */
export declare function cedarSchema(facts: RegisterFacts | null, toolName?: string): string;
