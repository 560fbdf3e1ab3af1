/** Three lines for a terminal, each complete: no variable, no key of the reader's, no second line. */
export interface SampleCommands {
  readonly allowed: string;
  readonly held: string;
  readonly denied: string;
}

export const refundTool = {
  type: "function",
  function: {
    name: "refunds_issue",
    description: "Issues a refund for an order.",
    parameters: {
      type: "object",
      required: ["order", "amount"],
      properties: {
        order: { type: "string" },
        amount: { type: "object", properties: { value: { type: "string" }, currency: { type: "string" } } },
      },
    },
  },
} as const;

/**
 * @param key gateway key of Returns Desk, inlined: it reaches the scripted provider and nothing else
 * @returns `allowed` answers 200 with a completion, `held` 403 `approval_required` (the model wants to refund 146.20),
 *   `denied` 403 `not_granted` (a model in the United States that this system was never granted)
 */
export function sampleCommands(gatewayUrl: string, key: string): SampleCommands {
  const chat = (body: Readonly<Record<string, unknown>>) =>
    `curl -sS ${gatewayUrl}/v1/chat/completions -H 'Authorization: Bearer ${key}' -H 'Content-Type: application/json' -d '${JSON.stringify(body)}'`;
  const ask = (model: string, content: string) => ({ model, messages: [{ role: "user", content }] });
  return {
    allowed: chat(ask("mistral-large-2", "When will the parcel of order A1042 arrive?")),
    held: chat({ ...ask("mistral-large-2", "Please refund EUR 146.20 for order A1042."), tools: [refundTool] }),
    denied: chat(ask("gpt-4.1", "When will the parcel of order A1042 arrive?")),
  };
}
