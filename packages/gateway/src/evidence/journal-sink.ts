import type { EntryRef, Terminal } from "@mandate/model";
import type { EntryDraft, EvidenceSink } from "../evidence-sink.ts";
import type { AppendKind, Journal } from "./journal.ts";
import type { Sealer } from "./sealer.ts";

/** The gateway's evidence sink: seals each draft and appends it to the journal. */
export class JournalSink implements EvidenceSink {
  readonly #journal: Journal;
  readonly #sealer: Sealer;
  /** Outcomes whose bare form couldn't be written either; they follow with the next append that succeeds. */
  #unclosed: EntryDraft[] = [];

  constructor(journal: Journal, sealer: Sealer) {
    this.#journal = journal;
    this.#sealer = sealer;
  }

  intent(draft: EntryDraft): Promise<EntryRef> {
    return this.#append("intent", draft);
  }

  /**
   * When the whole outcome doesn't fit any more, its bare form closes the call as `aborted` in the room that its intent
   * reserved, and the promise still rejects: the answer must not go out complete without its evidence.
   */
  async outcome(draft: EntryDraft & { readonly terminal: Terminal }): Promise<EntryRef> {
    try {
      return await this.#append("outcome", draft);
    } catch (error) {
      const bare = { ...draft, terminal: "aborted" as const, payload: null, messages: [], context: null };
      await this.#append("outcome", bare).catch(() => void this.#unclosed.push(bare));
      throw error;
    }
  }

  decision(draft: EntryDraft): Promise<EntryRef> {
    return this.#append("other", draft);
  }

  ready(): boolean {
    return this.#journal.ready();
  }

  /** After an erasure: nothing later refers to what is gone, and the journal keeps none of it. */
  async shed(): Promise<void> {
    this.#sealer.forget();
    await this.#journal.shed();
  }

  /** Closes as `unknown` every call that an earlier run left open. To be awaited before readiness is announced. */
  async closeOpenCalls(): Promise<number> {
    const open = this.#journal.openCalls();
    await Promise.all(
      open.map(({ header }) =>
        this.#append("outcome", {
          type: "call.outcome",
          decisionId: header.decision!,
          system: header.system ?? null,
          policyVersion: header.policy ?? "",
          registerVersion: header.register ?? 0,
          outcome: header.outcome ?? "deny",
          approvals: header.approvals ?? [],
          retention: header.retention ?? "T3",
          payload: null,
          messages: [],
          sessionId: null,
          context: null,
          terminal: "unknown",
        }),
      ),
    );
    return open.length;
  }

  async #append(kind: AppendKind, draft: EntryDraft): Promise<EntryRef> {
    try {
      const ref = await this.#journal.append(kind, (seq, seen) => this.#sealer.entry(draft, seq, seen));
      if (this.#unclosed.length > 0) this.#closeLate();
      return ref;
    } catch (error) {
      this.#sealer.forget();
      throw error;
    }
  }

  #closeLate(): void {
    const late = this.#unclosed;
    this.#unclosed = [];
    for (const draft of late) void this.#append("outcome", draft).catch(() => void this.#unclosed.push(draft));
  }
}
