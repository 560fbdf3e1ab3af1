import type { Obligation } from "@mandate/model";
import type { HoldTicket } from "../control-port.ts";

/**
 * AuthZEN Obligations Profile 1.0 (draft): each duty has an id within its answer and a type. None of ours is among the
 * registered types, so each is `custom`; its own members stand beside them as well as under `properties`.
 */
export function obligationObjects(obligations: readonly Obligation[]): readonly Readonly<Record<string, unknown>>[] {
  return obligations.map((obligation, index) => ({
    ...obligation,
    id: `obl-${index + 1}`,
    type: "custom",
    properties: obligation,
  }));
}

/**
 * AuthZEN Access Request and Approval Profile 1.0 (draft), "Requestable Denial Context": the denial stays a denial. A
 * hold has asked its approvers already, so its ticket is the binding token: it names this exact call by hash at the
 * control plane, which alone can resolve it, and it lapses there whatever the caller does with it.
 */
export function requestable(decisionId: string, nowMs: number, ticket: HoldTicket): Readonly<Record<string, unknown>> {
  return {
    evaluation_id: decisionId,
    evaluated_at: new Date(nowMs).toISOString(),
    access_request: {
      template: "approval",
      expires_at: ticket.expiresAt,
      binding_token: ticket.id,
      form_url: ticket.url,
      display: {
        title: "A person has to approve this call",
        description: `Once approved, ask again with the header x-mandate-approval: ${ticket.id}.`,
      },
    },
  };
}
