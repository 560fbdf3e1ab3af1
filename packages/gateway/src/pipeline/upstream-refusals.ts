import { type Refusal, refuse } from "../http/refusal.ts";
import type { UpstreamFailure } from "../upstream/client.ts";

// Why an answer that came, or didn't, is not passed on. None of these is the caller's fault, and none says what it held.

const askOwner = "Repeat the call; if it stays so, ask the model's owner.";

export const brokenOff = refuse("upstream_unreachable", "The model's answer broke off.", askOwner);

export const tooLarge = refuse(
  "upstream_unreachable",
  "The model's answer is larger than this gateway can check.",
  "Ask for a shorter answer.",
);

export const tooSlow = refuse(
  "upstream_timeout",
  "The model took longer than this gateway waits.",
  "Ask for a shorter answer, or repeat the call.",
);

export const compressed = refuse(
  "upstream_unreachable",
  "The model's answer is compressed, and what can't be read can't be checked.",
  "Have the model's endpoint honour Accept-Encoding: identity.",
);

export const unreadable = refuse(
  "upstream_unreachable",
  "The model's answer can't be read, so it was not passed on.",
  askOwner,
);

export const unrecorded = refuse(
  "evidence_unavailable",
  "How the call ended could not be recorded, so its answer was withheld.",
  "Repeat the call shortly.",
);

export function failureRefusal(failure: UpstreamFailure, model: string): Refusal {
  if (failure.kind === "timeout") return refuse("upstream_timeout", failure.message, askOwner);
  if (failure.kind === "refused")
    return refuse("upstream_unreachable", failure.message, {
      text: "An administrator sets which hosts a secret goes to and which inner addresses may be called.",
      command: `mandate describe model/${model}`,
    });
  return refuse("upstream_unreachable", failure.message, askOwner);
}

/** A status that would be the caller's to read, had no other model answered. */
export function unanswered(status: number): Refusal {
  return refuse("upstream_unreachable", `The model's provider answered ${status}.`, askOwner, `upstream:${status}`);
}

/** Null: the status is for the caller, as the provider gave it. What concerns this gateway's own secret is not. */
export function statusRefusal(status: number): Refusal | null {
  if (status >= 200 && status < 300) return null;
  if (status >= 400 && status < 500 && status !== 401 && status !== 403 && status !== 407) return null;
  const reason =
    status >= 500
      ? `The model's provider answered ${status}.`
      : status < 400
        ? "The model's endpoint redirects, and redirects are not followed."
        : "The model's provider did not accept this gateway's secret.";
  return refuse(
    "upstream_unreachable",
    reason,
    "Repeat the call; if it stays so, ask the model's owner to check its endpoint and secret.",
    `upstream:${status}`,
  );
}
