import { useState } from "react";
import { client, queries } from "../api.ts";
import type { ApprovalView } from "../api-types.ts";
import { ReasonDialog } from "../components/dialog.tsx";
import { Button, Panel } from "../components/ui.tsx";
import * as words from "../text/approvals.ts";

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
