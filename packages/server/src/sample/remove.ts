import { control, items, type Json, type SampleServer } from "./control.ts";
import { administrator, people, reader } from "./people.ts";

/** What names others goes before what is named: nothing can go while something uses it. */
const kinds = [
  "risks",
  "outcome-reviews",
  "evaluations",
  "training-records",
  "documents",
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

/** An object of the sample that stays, since something that isn't of the sample uses it. */
export interface Kept {
  /** As a path names it: `models/mistral-large-2`. */
  readonly object: string;
  /** What holds it, `AISystem/menu-writer`; empty when `reason` alone says why. */
  readonly users: readonly string[];
  readonly reason: string;
}

/**
 * Removes every object labelled `sample`: one action. Systems are retired before they go, their keys with them, and the
 * invented people are deactivated but for the one who may be signed in. What the organization's own objects use stays
 * and is named, and removing again once they let go takes the rest. The evidence of what it did stays.
 */
export async function removeSample(server: SampleServer): Promise<{ removed: number; kept: Kept[] }> {
  const api = control(server);
  const kept: Kept[] = [];
  let removed = 0;
  const remove = async (path: string): Promise<boolean> => {
    const held = await api.remove(path.split("/").map(encodeURIComponent).join("/"));
    if (held !== undefined) kept.push({ object: path.slice(1), users: texts(held.users), reason: String(held.detail ?? held.title ?? "") });
    return held === undefined;
  };
  for (const kind of kinds) {
    const found: Json[] = [];
    for await (const item of items(api, `/${kind}`)) if (labelsOf(item).sample === "true") found.push(item);
    for (const item of found) {
      const name = nameOf(item);
      if (name === undefined) continue;
      if (kind === "systems" && item.lifecycle !== "retired") await api.send("POST", `/systems/${encodeURIComponent(name)}/retire`, { reason: "The sample is removed." });
      if (await remove(`/${kind}/${name}`)) removed += 1;
    }
  }
  for (const { email } of [...people, administrator]) {
    if (email !== reader && (await api.find(`/people/${email}`)) !== undefined) await remove(`/people/${email}`);
  }
  return { removed, kept };
}

function texts(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((one) => typeof one === "string") : [];
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
