import { isSeq, parseDocument } from "yaml";

export interface Prepared {
  /** `already`: the record has it. `elsewhere`: the system itself doesn't name what would be cut. */
  readonly state: "ready" | "already" | "elsewhere";
  readonly before: string;
  readonly after: string;
  /** The manifest as it would be. */
  readonly document: unknown;
}

/** A system's manifest with one thing granted, or cut. `tool:SERVER/*` grants each tool of the server, so cutting one cuts it. */
export function prepared(manifest: string, verb: "grant" | "cut", reference: string): Prepared {
  const document = parseDocument(manifest, { maxAliasCount: 0 } as Parameters<typeof parseDocument>[1]);
  const before = document.toString({ lineWidth: 0 });
  const path = ["spec", "uses", `${reference.slice(0, reference.indexOf(":"))}s`];
  const list = document.getIn(path);
  const named: readonly string[] = isSeq(list) ? list.items.map((_, at) => String(document.getIn([...path, at]))) : [];
  const wildcard = `${reference.slice(0, reference.lastIndexOf("/") + 1)}*`;
  const holds = (one: string): boolean => one === reference || (reference.startsWith("tool:") && reference.includes("/") && one === wildcard);
  const state = verb === "grant" ? (named.some(holds) ? "already" : "ready") : named.some(holds) ? "ready" : "elsewhere";
  if (state === "ready") {
    if (verb === "cut") for (let at = named.length - 1; at >= 0; at -= 1) if (holds(named[at]!)) document.deleteIn([...path, at]);
    if (verb === "grant" && isSeq(list)) document.addIn(path, reference);
    if (verb === "grant" && !isSeq(list)) document.setIn(path, document.createNode([reference]));
  }
  return { state, before, after: document.toString({ lineWidth: 0 }), document: document.toJS({ maxAliasCount: 0 }) };
}

const contextLines = 3;

/** As `git apply` takes it. */
export function patchOf(file: string, before: string, after: string): string {
  const [old, now] = [before.replace(/\n$/, "").split("\n"), after.replace(/\n$/, "").split("\n")];
  let start = 0;
  while (start < old.length && start < now.length && old[start] === now[start]) start += 1;
  let end = 0;
  while (end < old.length - start && end < now.length - start && old.at(-1 - end) === now.at(-1 - end)) end += 1;
  const from = Math.max(0, start - contextLines);
  const after_ = Math.min(end, contextLines);
  const body = [
    ...old.slice(from, start).map((line) => ` ${line}`),
    ...old.slice(start, old.length - end).map((line) => `-${line}`),
    ...now.slice(start, now.length - end).map((line) => `+${line}`),
    ...old.slice(old.length - end, old.length - end + after_).map((line) => ` ${line}`),
  ];
  const lengthOf = (lines: readonly string[]): number => lines.length - end + after_ - from;
  return `--- a/${file}\n+++ b/${file}\n@@ -${from + 1},${lengthOf(old)} +${from + 1},${lengthOf(now)} @@\n${body.join("\n")}\n`;
}
