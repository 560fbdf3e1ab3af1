import type { z } from "zod";
import type { Reference, ReferenceKind } from "./references.ts";

/** One kind of register object, declared once; API paths, validation, history and console are made from it. */
export interface EntityDefinition<Kind extends string = string, Spec extends z.ZodType = z.ZodType> {
  /** As in a manifest: `McpServer`. */
  readonly kind: Kind;
  /** API path segment: `mcp-servers`. */
  readonly plural: string;
  /** The word before the colon in references: `mcp-server`. Null: nothing refers to it. */
  readonly reference: ReferenceKind | null;
  readonly spec: Spec;
  /** References a spec holds, each with its field path. */
  readonly refs: (spec: z.output<Spec>) => readonly Reference[];
  /** False for objects that only the product itself writes. */
  readonly manifest: boolean;
  /**
   * Fields of the spec that say nothing about what may happen: a change of these is class A (SPEC 2, Reassessment)
   * and leaves the version digest alone. A field not listed here is material.
   */
  readonly cosmetic: readonly string[];
}

export interface EntityInit<Kind extends string, Spec extends z.ZodType> {
  readonly kind: Kind;
  readonly plural: string;
  readonly reference?: ReferenceKind;
  readonly spec: Spec;
  readonly refs?: (spec: z.output<Spec>) => readonly Reference[];
  readonly manifest?: boolean;
  readonly cosmetic?: readonly string[];
}

export function defineEntity<const Kind extends string, Spec extends z.ZodType>(init: EntityInit<Kind, Spec>): EntityDefinition<Kind, Spec> {
  return {
    kind: init.kind,
    plural: init.plural,
    reference: init.reference ?? null,
    spec: init.spec,
    refs: init.refs ?? (() => []),
    manifest: init.manifest ?? true,
    cosmetic: init.cosmetic ?? [],
  };
}
