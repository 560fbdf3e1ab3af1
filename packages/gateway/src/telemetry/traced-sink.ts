import { isProbe } from "@mandate/model";
import type { EntryDraft, EvidenceSink } from "../evidence-sink.ts";
import type { Attributes, Span, SpanEvent } from "./span.ts";
import { spanIdOf } from "./trace-context.ts";

/**
 * Makes a span of each decision as its last entry is written: evidence first, and the span knows whether there is any.
 * Probes of the product's own are left out: they are nobody's calls.
 */
export function tracedSink(sink: EvidenceSink, add: (span: Span) => void, now: () => number): EvidenceSink {
  const end = (draft: EntryDraft, endMs: number, error: string | null): void => {
    if (draft.trace === undefined || !draft.trace.context.sampled || isProbe(draft.system) || isProbe(draft.summary?.credential)) return;
    try {
      add(spanOf(draft, endMs, error));
    } catch {
      // A span that can't be made is one span less, never a call less.
    }
  };
  const ended = <T>(draft: EntryDraft, written: Promise<T>): Promise<T> => {
    const endMs = now();
    written.then(
      () => end(draft, endMs, null),
      () => end(draft, endMs, "evidence_unavailable"),
    );
    return written;
  };
  return {
    // A call whose intent can't be written has no other entry.
    intent: (draft) => {
      const written = sink.intent(draft);
      written.catch(() => end(draft, now(), "evidence_unavailable"));
      return written;
    },
    outcome: (draft) => ended(draft, sink.outcome(draft)),
    decision: (draft) => ended(draft, sink.decision(draft)),
    receipt: (id) => sink.receipt?.(id),
    ready: () => sink.ready(),
  };
}

export function spanOf(draft: EntryDraft, endMs: number, unwritten: string | null): Span {
  const { context, startedMs, about } = draft.trace!;
  const { summary } = draft;
  const { name, kind, attributes } = about();
  const error = unwritten ?? summary?.code ?? failed(draft.terminal);
  return {
    traceId: context.traceId,
    spanId: spanIdOf(draft.decisionId),
    parentId: context.parentId,
    sampled: context.sampled,
    name,
    kind,
    startMs: startedMs,
    endMs,
    attributes: { ...attributes, ...common(draft), ...(error === null ? {} : { "error.type": error }) },
    events: eventsOf(draft, endMs),
    error,
  };
}

function common(draft: EntryDraft): Attributes {
  const system = draft.trace!.ofRegistered ? draft.system : null;
  const { summary } = draft;
  const tokens = summary?.tokens ?? null;
  return {
    "mandate.decision.id": draft.decisionId,
    "mandate.outcome": draft.outcome,
    "mandate.code": summary?.code,
    "mandate.rule": summary?.rule,
    "mandate.system": system,
    "mandate.tier": system === null ? null : draft.retention,
    "mandate.terminal": draft.terminal,
    "mandate.surface": summary?.surface,
    "mandate.credential.id": summary?.credential,
    "mandate.approval.id": draft.approvals.at(0),
    "mandate.policy.version": draft.policyVersion,
    "mandate.register.version": draft.registerVersion,
    "gen_ai.conversation.id": draft.sessionId,
    "gen_ai.usage.input_tokens": tokens?.input,
    "gen_ai.usage.output_tokens": tokens?.output,
  };
}

function failed(terminal: EntryDraft["terminal"]): string | null {
  return terminal === undefined || terminal === "done" ? null : terminal;
}

/** Tool calls that were decided inside a model's answer: they are no calls of their own yet. */
function eventsOf(draft: EntryDraft, atMs: number): readonly SpanEvent[] {
  return (draft.summary?.tools ?? []).map(({ tool, outcome }) => ({
    atMs,
    name: "mandate.tool.decided",
    attributes: { "gen_ai.tool.name": /^[\w.:/@-]{1,128}$/.test(tool) ? tool : null, "mandate.outcome": outcome },
  }));
}
