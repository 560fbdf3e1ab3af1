import type { ApprovalView } from "../api-types.ts";

const heldActions = new Set(["tool.call", "model.call", "data.export"]);
/** As many as the server answers at once. */
const most = 50;

/** Held calls that can be answered together: of one system, resource and rule, and by a session alone. */
export function alike(items: readonly ApprovalView[]): readonly (readonly ApprovalView[])[] {
  const groups = new Map<string, ApprovalView[]>();
  for (const item of items) {
    if (!heldActions.has(item.action ?? "") || item.passkeyRequired === true) continue;
    const { action, resource } = item.statement;
    const kind = JSON.stringify([item.system, action, resource, item.rule, item.requester]);
    const group = groups.get(kind) ?? [];
    if (group.length < most) group.push(item);
    groups.set(kind, group);
  }
  return [...groups.values()].filter((group) => group.length > 1);
}
