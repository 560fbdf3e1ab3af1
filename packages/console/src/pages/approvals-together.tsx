import { useState } from "react";
import { client, queries } from "../api.ts";
import type { ApprovalView } from "../api-types.ts";
import { ReasonDialog } from "../components/dialog.tsx";
import { Button, Panel } from "../components/ui.tsx";
import * as words from "../text/approvals.ts";

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

/** One answer for several questions of a kind; what each of them asks stands here, so that nothing is approved unseen. */
export function Together({ items }: { items: readonly ApprovalView[] }) {
  const [choice, setChoice] = useState<"approve" | "refuse" | null>(null);
  const label = choice === "refuse" ? words.approvals.refuseAll(items.length) : words.approvals.approveAll(items.length);
  return (
    <Panel
      title={words.approvals.together(items.length)}
      aside={
        <span className="row">
          <Button look="quiet" onPress={() => setChoice("refuse")}>
            {words.approvals.refuseAll(items.length)}
          </Button>
          <Button onPress={() => setChoice("approve")}>{words.approvals.approveAll(items.length)}</Button>
        </span>
      }
    >
      <div className="panel-body stack">
        <p className="muted small">{words.approvals.togetherNote}</p>
        <ul className="stack">
          {items.map((item) => (
            <li key={item.id} className="break">
              {item.question ?? item.title ?? item.id}{" "}
              <span className="muted small">{(item.facts ?? []).map((fact) => `${fact.label}: ${fact.value}`).join(" · ")}</span>
            </li>
          ))}
        </ul>
      </div>
      <ReasonDialog
        open={choice !== null}
        onClose={() => setChoice(null)}
        title={label}
        effect={words.approvals.togetherNote}
        verb={label}
        danger={choice === "refuse"}
        act={async (reason) => {
          const answers = items.map(({ id, digest }) => ({ id, digest }));
          const { items: results } = await client.approvals.answerAll({ choice: choice ?? "refuse", reason, answers });
          await queries.invalidateQueries({ queryKey: ["approvals"] });
          const failed = results.filter((one) => one.problem !== null);
          if (failed.length > 0)
            throw new Error(`${words.approvals.notAnswered(failed.length)}: ${failed[0]!.problem!.message}`);
        }}
      />
    </Panel>
  );
}
