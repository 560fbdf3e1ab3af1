import { AppError, probePrefix } from "@mandate/model";
import type { EntryDraft, EvidenceSink } from "../evidence-sink.ts";

/** The one system whose calls can't be written down. */
export const unloggedProbe = `${probePrefix}unlogged`;

/** Why an entry that a probe wants refused is refused: no fault for an operator to look for. */
const planted = "planted by a probe";

export const isPlanted = (error: unknown): boolean => error instanceof AppError && error.internal === planted;

/**
 * A log that can't be written, for one probe alone (LOG-04): its calls meet what every call would meet if the disk were
 * full. Nobody else's entry passes here otherwise than it came.
 */
export function failingForProbe(sink: EvidenceSink): EvidenceSink {
  const unless = <T>(draft: EntryDraft, write: () => Promise<T>): Promise<T> => (draft.system === unloggedProbe ? Promise.reject(new AppError({ code: "evidence_unavailable", status: 503, message: "A probe: this entry is refused on purpose.", internal: planted })) : write());
  return {
    intent: (draft) => unless(draft, () => sink.intent(draft)),
    outcome: (draft) => sink.outcome(draft),
    decision: (draft) => unless(draft, () => sink.decision(draft)),
    receipt: (id) => sink.receipt?.(id),
    ready: () => sink.ready(),
  };
}
