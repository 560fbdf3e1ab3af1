import { control, items, type Json, type SampleServer } from "./control.ts";
import { administrator, people, reader } from "./people.ts";

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
 * Removes every object labelled `sample`: one action. Systems are retired before they go, their keys with them, and the
 * invented people are deactivated but for the one who may be signed in. The evidence of what they did stays.
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
  for (const { email } of [...people, administrator]) {
    if (email !== reader && (await api.find(`/people/${email}`)) !== undefined)
      await api.send("DELETE", `/people/${email}`);
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
