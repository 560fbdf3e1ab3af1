import { isMap, isScalar, type Pair, parseAllDocuments, type Range } from "yaml";

/** Protocols the scripted provider speaks. */
const spoken: ReadonlySet<unknown> = new Set(["openai", "anthropic"]);

/**
 * The manifest with each model that a script can answer pointed at it, its credential left out. Edited in place, so that
 * a message about a line means the line that the author sees.
 * @returns the names of these models, in their order
 */
export function withScriptedModels(yaml: string, providerUrl: string): { readonly yaml: string; readonly scripted: readonly string[] } {
  const edits: { readonly from: number; readonly to: number; readonly text: string }[] = [];
  const scripted: string[] = [];
  for (const document of parseAllDocuments(yaml)) {
    if (!("errors" in document) || document.errors.length > 0 || document.get("kind") !== "Model" || !spoken.has(document.getIn(["spec", "protocol"]))) continue;
    const spec = document.get("spec");
    const endpoint = document.getIn(["spec", "endpoint"], true);
    if (!isMap(spec) || !isScalar(endpoint) || endpoint.range == null) continue;
    edits.push({ from: endpoint.range[0], to: endpoint.range[1], text: JSON.stringify(`${providerUrl}/v1`) });
    const credential = spec.items.find(({ key }) => isScalar(key) && key.value === "credential");
    if (credential !== undefined) edits.push(blanked(yaml, credential));
    scripted.push(String(document.getIn(["metadata", "name"])));
  }
  edits.sort((a, b) => b.from - a.from);
  return { yaml: edits.reduce((text, { from, to, text: now }) => text.slice(0, from) + now + text.slice(to), yaml), scripted };
}

/** The member as white space, with a comma of its own where it stands between braces. */
function blanked(yaml: string, { key, value }: Pair): { readonly from: number; readonly to: number; readonly text: string } {
  let from = rangeOf(key)![0];
  let to = (rangeOf(value) ?? rangeOf(key)!)[1];
  const after = /^\s*,/.exec(yaml.slice(to));
  const before = /,\s*$/.exec(yaml.slice(0, from));
  if (after !== null) to += after[0].length;
  else if (before !== null) from -= before[0].length;
  return { from, to, text: yaml.slice(from, to).replaceAll(/[^\n]/g, " ") };
}

function rangeOf(node: unknown): Range | null {
  return typeof node === "object" && node !== null && "range" in node ? ((node.range as Range | null | undefined) ?? null) : null;
}
