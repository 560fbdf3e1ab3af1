import { isAlias, isMap, isScalar, isSeq, LineCounter, parseAllDocuments, visit } from "yaml";
import type { Document, Node } from "yaml";
import { z } from "zod";
import { definitionOf, manifestKinds } from "../entities/index.ts";
import type { EntityKind } from "../entities/index.ts";
import { lineSchema, nameSchema } from "../entities/scalars.ts";
import { explainIssues } from "./explain.ts";
import { fieldText, nearest } from "./problems.ts";
import type { ManifestProblem } from "./problems.ts";

export const manifestLimits = { maxBytes: 4_000_000, maxDocuments: 5_000, maxDepth: 40, maxAliases: 100, maxProblems: 200 } as const;

export interface Place {
  readonly line: number;
  readonly column: number;
}

/** One valid document. */
export interface ManifestObject {
  readonly kind: EntityKind;
  readonly name: string;
  readonly metadata: { readonly unit: string | null; readonly labels: Readonly<Record<string, string>> };
  /** Parsed: defaults filled in. Typed by `SpecOf<kind>`. */
  readonly spec: Readonly<Record<string, unknown>>;
  /** Where a field of the spec stands (or its nearest parent that was written). */
  readonly placeOf: (path: readonly PropertyKey[]) => Place;
}

export interface ParsedManifest {
  readonly objects: readonly ManifestObject[];
  readonly problems: readonly ManifestProblem[];
}

export const metadataSchema = z.strictObject({
  name: nameSchema,
  unit: nameSchema.optional(),
  labels: z.record(z.string().min(1).max(100), lineSchema).optional(),
});
const envelopeSchema = z.strictObject({ apiVersion: z.literal("v1"), kind: z.string(), metadata: metadataSchema, spec: z.unknown() });

/**
 * Reads a manifest of many YAML documents. Never throws: whatever is wrong comes back as `problems`, and then nothing
 * in `objects` may be applied.
 */
export function parseManifest(text: string, options: { readonly file: string }): ParsedManifest {
  const problems: ManifestProblem[] = [];
  const lines = new LineCounter();
  const report = (place: Place, field: string, message: string, remedy: string) => {
    if (problems.length < manifestLimits.maxProblems) problems.push({ file: options.file, ...place, field, message, remedy });
  };
  if (text.length > manifestLimits.maxBytes) {
    report(start, "", `The manifest is larger than ${manifestLimits.maxBytes} characters.`, "Split it into several files.");
    return { objects: [], problems };
  }
  const documents = readDocuments(text, lines, report);
  if (documents === undefined) return { objects: [], problems };
  const objects: ManifestObject[] = [];
  const seen = new Map<string, Place>();
  for (const document of documents) {
    const object = readObject(document, lines, report);
    if (!object) continue;
    const id = `${object.kind}/${object.name}`;
    if (seen.has(id)) report(object.placeOf(["metadata", "name"]), "metadata.name", `${object.kind} \`${object.name}\` stands twice in this manifest (first on line ${seen.get(id)!.line}).`, "Keep one of the two.");
    else seen.set(id, object.placeOf([]));
    objects.push(object);
  }
  if (objects.length === 0 && problems.length === 0) report(start, "", "The manifest holds no object.", "Start with `apiVersion: v1`, `kind`, `metadata` and `spec`.");
  return { objects, problems: problems.toSorted((a, b) => a.line - b.line || a.column - b.column) };
}

type Report = (place: Place, field: string, message: string, remedy: string) => void;
const start: Place = { line: 1, column: 1 };

function readDocuments(text: string, lines: LineCounter, report: Report): readonly Document.Parsed[] | undefined {
  // The composer recurses: a file of brackets would exhaust the stack long before any check on its result.
  if (nestsTooDeep(text)) {
    report(start, "", `The manifest nests deeper than ${manifestLimits.maxDepth} levels.`, "Flatten it.");
    return undefined;
  }
  let documents: Document.Parsed[];
  try {
    const parsed = parseAllDocuments(text, { lineCounter: lines, uniqueKeys: true, prettyErrors: false, version: "1.2", schema: "core", logLevel: "silent" });
    documents = [...parsed] as Document.Parsed[];
  } catch {
    report(start, "", "The manifest can't be read as YAML.", "Check brackets, quotes and indentation.");
    return undefined;
  }
  if (documents.length > manifestLimits.maxDocuments) {
    report(start, "", `The manifest holds more than ${manifestLimits.maxDocuments} documents.`, "Split it into several files.");
    return undefined;
  }
  return documents;
}

function nestsTooDeep(text: string): boolean {
  let open = 0;
  let dashes = 0;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code === 0x5b || code === 0x7b) {
      if (++open > 400) return true;
    } else if ((code === 0x5d || code === 0x7d) && open > 0) open--;
    // Block nesting: `- - - -` on one line, or ever deeper indentation.
    if (code === 0x0a) dashes = 0;
    else if (code === 0x2d && text.charCodeAt(index + 1) === 0x20 && ++dashes > 200) return true;
  }
  return /^[ ]{400}/m.test(text);
}

function readObject(document: Document.Parsed, lines: LineCounter, report: Report): ManifestObject | undefined {
  const at = (offset: number): Place => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(1, line), column: Math.max(1, col) };
  };
  const faults = [...document.errors, ...document.warnings];
  for (const fault of faults) {
    const duplicate = fault.code === "DUPLICATE_KEY";
    report(at(fault.pos[0]), "", duplicate ? "This key stands twice in the same mapping." : `This isn't valid YAML: ${fault.message.split("\n")[0]!.slice(0, 200)}`, duplicate ? "Keep one of the two." : "Check brackets, quotes and indentation.");
  }
  if (faults.length > 0) return undefined;
  const root = document.contents as Node | null;
  if (root === null) return undefined;
  const top = at(root.range?.[0] ?? 0);
  const unsafe = findUnsafe(document);
  if (unsafe) {
    report(at(unsafe.node.range?.[0] ?? 0), "", unsafe.message, unsafe.remedy);
    return undefined;
  }
  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount: manifestLimits.maxAliases });
  } catch {
    report(top, "", "This document repeats itself through too many aliases.", "Write the values out.");
    return undefined;
  }
  const placeOf = (path: readonly PropertyKey[]): Place => placeIn(root, path, at);
  const tell = (explained: readonly { path: readonly PropertyKey[]; message: string; remedy: string }[]) => {
    for (const { path, message, remedy } of explained) report(placeOf(path), fieldText(path), message, remedy);
  };
  const envelope = envelopeSchema.safeParse(value, { reportInput: true });
  if (!envelope.success) {
    tell(explainIssues(envelopeSchema, envelope.error.issues));
    return undefined;
  }
  const { kind, metadata, spec } = envelope.data;
  if (!(manifestKinds as readonly string[]).includes(kind)) {
    const meant = nearest(kind, manifestKinds);
    tell([{ path: ["kind"], message: `There is no kind \`${kind.replaceAll(/[\p{Cc}`]/gu, "?").slice(0, 60)}\` in a manifest.`, remedy: meant ? `Did you mean \`${meant}\`?` : `Use one of ${manifestKinds.join(", ")}.` }]);
    return undefined;
  }
  const schema = definitionOf(kind as EntityKind).spec;
  const parsed = schema.safeParse(spec ?? {}, { reportInput: true });
  if (!parsed.success) {
    tell(explainIssues(schema, parsed.error.issues, ["spec"]).map((problem) => (problem.path.length === 0 ? { ...problem, path: ["spec"] } : problem)));
    return undefined;
  }
  return {
    kind: kind as EntityKind,
    name: metadata.name,
    metadata: { unit: metadata.unit ?? null, labels: metadata.labels ?? {} },
    spec: parsed.data as Readonly<Record<string, unknown>>,
    placeOf,
  };
}

/** I-JSON (RFC 7493) and our bounds: what passes here has one canonical form, so it has one digest. */
function findUnsafe(document: Document.Parsed): { node: Node; message: string; remedy: string } | undefined {
  let found: { node: Node; message: string; remedy: string } | undefined;
  let aliases = 0;
  visit(document, {
    Node(_key, node, path) {
      if (path.length > manifestLimits.maxDepth * 2) found = { node, message: `This nests deeper than ${manifestLimits.maxDepth} levels.`, remedy: "Flatten it." };
      else if (isAlias(node) && ++aliases > manifestLimits.maxAliases) found = { node, message: "Too many aliases.", remedy: "Write the values out." };
      else if (isScalar(node) && typeof node.value === "number" && (!Number.isFinite(node.value) || Math.abs(node.value) > Number.MAX_SAFE_INTEGER)) {
        found = { node, message: "This number can't be kept exactly.", remedy: "Write it in quotes." };
      } else if (isScalar(node) && typeof node.value === "string" && (!node.value.isWellFormed() || node.value.includes("\0"))) found = { node, message: "This text isn't valid Unicode, or has a NUL in it.", remedy: "Remove the broken characters." };
      return found ? visit.BREAK : undefined;
    },
    Pair(_key, pair) {
      const key = pair.key as Node;
      if (!isScalar(key)) found = { node: key, message: "A key must be plain text.", remedy: "Write the key as text." };
      else if (key.value === "__proto__" || key.value === "constructor" || key.value === "prototype") found = { node: key, message: "This key can't be used.", remedy: "Choose another name." };
      return found ? visit.BREAK : undefined;
    },
  });
  return found;
}

function placeIn(root: Node, path: readonly PropertyKey[], at: (offset: number) => Place): Place {
  let node: Node | null = root;
  let offset = root.range?.[0] ?? 0;
  for (const part of path) {
    if (isMap(node)) {
      const pair = node.items.find((item) => isScalar(item.key) && String(item.key.value) === String(part));
      if (!pair) break;
      offset = (pair.key as Node).range?.[0] ?? offset;
      node = pair.value as Node | null;
    } else if (isSeq(node)) {
      const item = node.items[Number(part)] as Node | undefined;
      if (!item) break;
      offset = item.range?.[0] ?? offset;
      node = item;
    } else break;
  }
  return at(offset);
}
