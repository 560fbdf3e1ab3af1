import type { SystemView } from "../authorization/index.ts";

export const soonMs = 14 * 86_400_000;
const dayFormat = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", timeZone: "UTC" });

/** `7 Dec`, in UTC as all of the product's days are. */
export const dayOf = (at: string): string => dayFormat.format(new Date(at));

const parts: Readonly<Record<string, string>> = {
  "owners.technical": "a technical owner",
  "owners.business": "a business owner",
  authorization: "an authorization",
  purposes: "a purpose",
  boundary: "a data boundary",
};

/** What a system lacks, as a person would say it. */
export const inWords = (missing: readonly string[]): string => missing.map((part) => parts[part] ?? part).join(", ").replace(/, ([^,]*)$/, " and $1");

/** What a held call, or another question, is about. */
export function asked(action: string, who: string | null, resource: string | null): string {
  const what = (resource ?? "").replace(/^[a-z]+:/, "");
  if (who === null) return what === "" ? `People: ${action}` : `People: ${what}`;
  if (action === "tool.call") return `${who} asks to use ${what}`;
  if (action === "model.call") return `${who} asks to call ${what}`;
  if (action === "data.export") return `${who} asks to send data to ${what}`;
  return `${who}: ${what === "" ? action : what}`;
}

/** Replaces the names of systems in a sentence by their titles; a name inside a longer one stays. */
export function nameSystems(titles: ReadonlyMap<string, string>): (text: string) => string {
  return (text) => text.replaceAll(/(?<![\w.:/-])[a-z0-9]+(?:-[a-z0-9]+)+(?![\w-])/g, (name) => titles.get(name) ?? name);
}

/** Whether somebody should renew or retire it: it ends within two weeks, or has ended. */
export function ending(system: SystemView, nowMs: number): boolean {
  const ends = system.authorization?.ends;
  return (system.lifecycle === "pilot" || system.lifecycle === "production") && ends != null && Date.parse(ends) - nowMs < soonMs;
}
