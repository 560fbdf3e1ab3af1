import { control, items, type Json, type SampleServer } from "./control.ts";

/** Systems first: other objects can't go while a system uses them. */
const kinds = [
  "systems",
  "agents",
  "policies",
  "tools",
  "prompts",
  "models",
  "datasets",
  "destinations",
  "mcp-servers",
  "vendors",
  "groups",
  "legal-entities",
] as const;

/**
 * Removes every object labelled `sample`: one action. Systems are retired before they go. The evidence of what they did
 * stays, as all evidence does.
 * @returns how many objects were removed
 */
export async function removeSample(server: SampleServer): Promise<number> {
  const api = control(server);
  let removed = 0;
  for (const kind of kinds) {
    const names: string[] = [];
    for await (const item of items(api, `/${kind}`)) {
      const name = nameOf(item);
      if (name !== undefined && labelsOf(item).sample === "true") names.push(name);
      if (
        kind === "systems" &&
        name !== undefined &&
        labelsOf(item).sample === "true" &&
        item.lifecycle !== "retired"
      ) {
        await api.send("POST", `/systems/${encodeURIComponent(name)}/retire`, { reason: "The sample is removed." });
      }
    }
    for (const name of names) {
      await api.send("DELETE", `/${kind}/${encodeURIComponent(name)}`);
      removed += 1;
    }
  }
  return removed;
}

function nameOf(item: Json): string | undefined {
  const metadata = item.metadata as Json | undefined;
  const name = item.name ?? metadata?.name;
  return typeof name === "string" ? name : undefined;
}

function labelsOf(item: Json): Json {
  const metadata = item.metadata as Json | undefined;
  return (item.labels ?? metadata?.labels ?? {}) as Json;
}
