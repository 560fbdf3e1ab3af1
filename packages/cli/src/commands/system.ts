import type { Run } from "../command.ts";
import { exitCodes } from "../exit-codes.ts";
import { field } from "../kinds.ts";
import { cell, printObject, type Row } from "../render/format.ts";
import { reasonOf } from "./reason.ts";

/** `system promote|suspend|resume|renew|retire`. Exit 5 when the change now waits for its approvers. */
export function changeState(verb: string): Run {
  return async (call) => {
    const name = (call.args[0] ?? "").replace(/^systems?\//, "");
    const reason = await reasonOf(call);
    const client = await call.client();
    const answer =
      (await client.request<Row>(
        "POST",
        `/api/v1/systems/${encodeURIComponent(name)}/${verb}`,
        { reason },
        { signal: call.terminal.signal },
      )) ?? {};
    if (call.format === "table") {
      const [stage, status] = [field(answer, "lifecycle"), field(answer, "status")];
      call.terminal.out(
        `${cell(name)}: ${
          [stage, status]
            .filter((part) => part !== undefined)
            .map(cell)
            .join(", ") || verb
        }\n`,
      );
    } else await printObject(call.terminal, call.format, answer, `system/${name}`);
    if (!asks.has(verb) || !waits(answer)) return exitCodes.done;
    call.say(`It waits for its approvers. See: mandate get authorizations --filter system=${cell(name)}`);
    return exitCodes.waiting;
  };
}

/** The verbs whose effect others decide. */
const asks = new Set(["promote", "renew"]);

function waits(answer: Row): boolean {
  const states = [
    answer.state,
    field(answer, "authorization.state"),
    field(answer, "promotion.state"),
    field(answer, "pending.state"),
  ];
  return states.some(
    (state) => state === "submitted" || state === "in_review" || state === "draft" || state === "pending",
  );
}
