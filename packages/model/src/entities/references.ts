import { z } from "zod";
import { nameSchema } from "./scalars.ts";

/** What the part before the colon may be. `secret` is sealed elsewhere and never resolves in the register. */
export const referenceKinds = [
  "system",
  "model",
  "prompt",
  "tool",
  "mcp-server",
  "agent",
  "dataset",
  "vendor",
  "destination",
  "data-flow",
  "group",
  "legal-entity",
  "policy",
  "entity",
  "risk",
  "document",
  "training-record",
  "evaluation",
  "outcome-review",
  "secret",
] as const;
export type ReferenceKind = (typeof referenceKinds)[number];

/** A reference inside a spec, with the place where it stands (for line numbers). */
export interface Reference {
  readonly kind: ReferenceKind;
  readonly name: string;
  /** As written, `tool:refunds.issue`. */
  readonly text: string;
  /** Field path inside `spec`. */
  readonly path: readonly (string | number)[];
}

export const hostedPrefix = "hosted.";
const anyToolSuffix = "/*";

/** Splits `kind:name`; undefined when it is not one. The name may hold `/*` for a server's tools. */
export function parseReference(text: string): { readonly kind: ReferenceKind; readonly name: string } | undefined {
  const colon = text.indexOf(":");
  if (colon < 1) return undefined;
  const kind = text.slice(0, colon);
  const name = text.slice(colon + 1);
  if (!(referenceKinds as readonly string[]).includes(kind)) return undefined;
  const plain = kind === "tool" && name.endsWith(anyToolSuffix) ? name.slice(0, -anyToolSuffix.length) : name;
  if (!nameSchema.safeParse(plain).success) return undefined;
  return { kind: kind as ReferenceKind, name };
}

/** Server whose pinned tools `SERVER/*` grants, or undefined for a single tool. */
export function serverOfWildcard(toolName: string): string | undefined {
  return toolName.endsWith(anyToolSuffix) ? toolName.slice(0, -anyToolSuffix.length) : undefined;
}

export function isHostedTool(toolName: string): boolean {
  return toolName.startsWith(hostedPrefix);
}

/** Schema of a reference to one of `kinds`. */
export function referenceSchema(...kinds: readonly ReferenceKind[]) {
  return z.string().max(200).refine((text) => {
    const parsed = parseReference(text);
    return parsed !== undefined && kinds.includes(parsed.kind);
  }, `Write a reference such as \`${kinds[0]}:NAME\`${kinds.length > 1 ? ` (or ${kinds.slice(1).join(", ")})` : ""}.`);
}

/** References in one field of a spec: a text, a list of texts, or nothing. */
export function referencesIn(value: string | readonly string[] | undefined, ...path: readonly (string | number)[]): Reference[] {
  if (value === undefined) return [];
  if (typeof value === "string") {
    const parsed = parseReference(value);
    return parsed ? [{ ...parsed, text: value, path }] : [];
  }
  return value.flatMap((text, index) => referencesIn(text, ...path, index));
}
