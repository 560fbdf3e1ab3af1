import { createHash } from "node:crypto";

/** Consecutive items of one member of the facts: JSON array text, named by its SHA-256. */
export interface Chunk {
  /** Hex. */
  readonly digest: string;
  readonly text: string;
}

export interface Chunked {
  /** Hex SHA-256 of `manifest`. */
  readonly digest: string;
  /** JSON: `{members: {NAME: [digest…]}, rest: {…}}`. */
  readonly manifest: string;
  readonly chunks: readonly Chunk[];
}

/** On average this many items stand in a chunk. */
const itemsPerChunk = 16;

const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");

interface Item {
  readonly text: string;
  /** A chunk ends after it. */
  readonly ends: boolean;
}

/** Items that didn't change are the same objects from one version to the next, and their texts the same strings. */
const itemsOf = new WeakMap<object, Item>();

function itemOf(item: unknown): Item {
  const known = typeof item === "object" && item !== null ? itemsOf.get(item) : undefined;
  if (known !== undefined) return known;
  const text = JSON.stringify(item);
  const made = { text, ends: Number.parseInt(sha256(text).slice(0, 8), 16) % itemsPerChunk === 0 };
  if (typeof item === "object" && item !== null) itemsOf.set(item, made);
  return made;
}

/** By the text of its last item: chunks that stand as they stood are hashed once. */
const chunkEnds = new Map<string, { readonly items: readonly string[]; readonly chunk: Chunk }>();
const maxChunkEnds = 20_000;

function chunkOf(items: readonly string[]): Chunk {
  const last = items.at(-1)!;
  const known = chunkEnds.get(last);
  if (known !== undefined && known.items.length === items.length && known.items.every((text, at) => text === items[at])) return known.chunk;
  const text = `[${items.join(",")}]`;
  const chunk = { digest: sha256(text), text };
  if (chunkEnds.size >= maxChunkEnds) chunkEnds.clear();
  chunkEnds.set(last, { items, chunk });
  return chunk;
}

/**
 * Cuts facts into chunks whose borders depend on the items beside them alone, so that one system more or less changes
 * one chunk and not every later one.
 */
export function chunked(facts: object): Chunked {
  const members: Record<string, string[]> = {};
  const rest: Record<string, unknown> = {};
  const chunks: Chunk[] = [];
  for (const [name, value] of Object.entries(facts).sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (!Array.isArray(value)) {
      rest[name] = value as unknown;
      continue;
    }
    const digests: string[] = [];
    let items: string[] = [];
    const close = (): void => {
      if (items.length === 0) return;
      const { text, digest } = chunkOf(items);
      chunks.push({ digest, text });
      digests.push(digest);
      items = [];
    };
    for (const item of value as readonly unknown[]) {
      const { text, ends } = itemOf(item);
      items.push(text);
      if (ends) close();
    }
    close();
    members[name] = digests;
  }
  const manifest = JSON.stringify({ members, rest });
  return { digest: sha256(manifest), manifest, chunks };
}

/** The facts again. @param textOf a chunk's JSON text; throws when the store lacks it */
export function assembled(manifest: string, textOf: (digest: string) => string): unknown {
  const { members, rest } = JSON.parse(manifest) as { members: Record<string, string[]>; rest: Record<string, unknown> };
  const facts: Record<string, unknown> = { ...rest };
  for (const [name, digests] of Object.entries(members)) facts[name] = digests.flatMap((digest) => JSON.parse(textOf(digest)) as unknown[]);
  return facts;
}

/** Every chunk that a manifest names. */
export function chunksOf(manifest: string): readonly string[] {
  const { members } = JSON.parse(manifest) as { members: Record<string, string[]> };
  return [...new Set(Object.values(members).flat())];
}
