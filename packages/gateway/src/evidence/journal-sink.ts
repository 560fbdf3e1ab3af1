import { leafHash, signReceipt } from "@mandate/ledger";
import type { NoteSigner } from "@mandate/ledger";
import type { EntryRef, Terminal } from "@mandate/model";
import type { EntryDraft, EvidenceSink } from "../evidence-sink.ts";
import { Recent } from "../recent.ts";
import type { AppendKind, Journal } from "./journal.ts";
import type { Sealer } from "./sealer.ts";

/** Decisions whose reply may still be on its way. */
const maxRemembered = 10_000;

/** The gateway's evidence sink: seals each draft and appends it to the journal. */
export class JournalSink implements EvidenceSink {
  readonly #journal: Journal;
  readonly #sealer: Sealer;
  /** Outcomes whose bare form couldn't be written either; they follow with the next append that succeeds. */
  #unclosed: EntryDraft[] = [];
  readonly #signer: NoteSigner | undefined;
  /** Newest entry of each recent decision, for callers who want a receipt. */
  readonly #written = new Recent<{ readonly ref: EntryRef; readonly leaf: Uint8Array }>(maxRemembered);

  /** @param signer the writer's key; without it no receipts are given */
  constructor(journal: Journal, sealer: Sealer, signer?: NoteSigner) {
    this.#journal = journal;
    this.#sealer = sealer;
    this.#signer = signer;
  }

  /** Signed when asked for: most callers don't, and a signature costs as much as the rest of an entry. */
  receipt(decisionId: string): string | undefined {
    const written = this.#written.get(decisionId);
    if (written === undefined || this.#signer === undefined) return undefined;
    const { ref, leaf } = written;
    return signReceipt({ origin: ref.log, index: ref.index, decision: decisionId, leaf: leafHash(leaf) }, this.#signer);
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
      let leaf: Uint8Array | undefined;
      const ref = await this.#journal.append(kind, (seq, seen) => {
        const built = this.#sealer.entry(draft, seq, seen);
        leaf = built.record.leaf;
        return built;
      });
      if (leaf !== undefined && this.#signer !== undefined) this.#remember(draft.decisionId, { ref, leaf });
      if (this.#unclosed.length > 0) this.#closeLate();
      return ref;
    } catch (error) {
      this.#sealer.forget();
      throw error;
    }
  }

  /** INVARIANT: only what is durable is remembered, so a receipt is never given for an entry that a crash could lose. */
  #remember(decisionId: string, written: { readonly ref: EntryRef; readonly leaf: Uint8Array }): void {
    // A copy: the leaf is a slice of Node's buffer pool, and one remembered slice would keep all of its 64 KiB.
    this.#written.set(decisionId, { ref: written.ref, leaf: new Uint8Array(written.leaf) });
  }

  #closeLate(): void {
    const late = this.#unclosed;
    this.#unclosed = [];
    for (const draft of late) void this.#append("outcome", draft).catch(() => void this.#unclosed.push(draft));
  }
}
