import type { Decision, SystemFacts } from "@mandate/model";
import type { Runtime } from "./runtime.ts";

const said: Readonly<Record<string, string>> = {
  data_boundary: "data above its boundary",
  legal_review: "data that leaves its region",
};

/**
 * A system that tries what its boundary forbids may have changed: somebody looks. It is recorded, never enforced: the
 * call is refused already, and text that an outsider can send must not be able to stop a system.
 */
export function reportAttempt(runtime: Runtime, system: SystemFacts, { code }: Decision, resource: string): void {
  const what = code === null ? undefined : said[code];
  if (what === undefined || code === null) return;
  const target = /^[\w.:@/-]{1,128}$/.test(resource) ? resource : "model:unread";
  runtime.options.control.report({
    key: `attempt:${system.name}:${code}:${target}`,
    system: system.name,
    kind: "refused_attempt",
    title: `${system.title} tried to send ${what} to ${target}`.slice(0, 300),
    detail: "The call was refused. If the system has changed, its record should say so.",
    change: { trigger: "refused-attempt", subject: `${code}:${target}`, old: "inside the boundary", new: what },
  });
}
