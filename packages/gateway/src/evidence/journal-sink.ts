import { leafHash, signReceipt } from "@mandate/ledger";
import type { NoteSigner } from "@mandate/ledger";
import type { EntryRef, Terminal } from "@mandate/model";
import type { EntryDraft, EvidenceSink } from "../evidence-sink.ts";
import { evidenceUnavailable } from "./errors.ts";
import { Recent } from "../recent.ts";
import type { AppendKind, Journal } from "./journal.ts";
import type { Sealer } from "./sealer.ts";

/** Decisions whose reply may still be on its way. */
const maxRemembered = 10_000;

/** A call waits this long for the next log to be there; G3 refuses it then. */
const handOverWaitMs = 10_000;

/** What one log's entries are made with and go to. */
export interface SinkPart {
  readonly journal: Journal;
  readonly sealer: Sealer;
  /** The writer's key; without it no receipts are given. */
  readonly signer: NoteSigner | undefined;
}

/** The gateway's evidence sink: seals each draft and appends it to the journal. */
export class JournalSink implements EvidenceSink {
  #part: SinkPart;
  /** While one log is handed over to the next: resolves when appends may go on. */
  #held: Promise<void> | undefined;
  /** Outcomes whose bare form couldn't be written either; they follow with the next append that succeeds. */
  #unclosed: EntryDraft[] = [];
  /** Newest entry of each recent decision, for callers who want a receipt, and the key of the log that took it. */
  readonly #written = new Recent<{ readonly ref: EntryRef; readonly leaf: Uint8Array; readonly signer: NoteSigner }>(maxRemembered);

  /** @param signer the writer's key; without it no receipts are given */
  constructor(journal: Journal, sealer: Sealer, signer?: NoteSigner) {
    this.#part = { journal, sealer, signer };
  }

  /**
   * Moves to another journal under running calls. Appends wait, those under way become durable, then `next` is asked: what
   * it gives takes everything that follows, outcomes of calls begun before included. When it rejects, nothing changed.
   */
  async handOver(next: (from: Journal) => Promise<SinkPart>): Promise<void> {
    if (this.#held !== undefined) throw new TypeError("a log is being handed over");
    const released = Promise.withResolvers<void>();
    this.#held = released.promise;
    try {
      await this.#part.journal.settled();
      this.#part = await next(this.#part.journal);
    } finally {
      this.#held = undefined;
      released.resolve();
    }
  }

  /** Signed when asked for: most callers don't, and a signature costs as much as the rest of an entry. */
  receipt(decisionId: string): string | undefined {
    const written = this.#written.get(decisionId);
    if (written === undefined) return undefined;
    const { ref, leaf, signer } = written;
    return signReceipt({ origin: ref.log, index: ref.index, decision: decisionId, leaf: leafHash(leaf) }, signer);
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
    return this.#part.journal.ready();
  }

  /** After an erasure: nothing later refers to what is gone, and the journal keeps none of it. */
  async shed(): Promise<void> {
    this.#part.sealer.forget();
    await this.#part.journal.shed();
  }

  /** Closes as `unknown` every call that an earlier run left open. To be awaited before readiness is announced. */
  async closeOpenCalls(): Promise<number> {
    const open = this.#part.journal.openCalls();
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
    while (this.#held !== undefined) await this.#waitFor(this.#held);
    // INVARIANT: nothing is awaited between here and the journal's own append, or a draft could go to a closed log.
    const { journal, sealer, signer } = this.#part;
    try {
      let leaf: Uint8Array | undefined;
      const ref = await journal.append(kind, (seq, seen) => {
        const built = sealer.entry(draft, seq, seen);
        leaf = built.record.leaf;
        return built;
      });
      if (leaf !== undefined && signer !== undefined) this.#remember(draft.decisionId, { ref, leaf, signer });
      if (this.#unclosed.length > 0) this.#closeLate();
      return ref;
    } catch (error) {
      sealer.forget();
      throw error;
    }
  }

  async #waitFor(held: Promise<void>): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_resolve, reject) => (timer = setTimeout(() => reject(evidenceUnavailable("the next log isn't there yet")), handOverWaitMs)));
    await Promise.race([held, late]).finally(() => clearTimeout(timer));
  }

  /** INVARIANT: only what is durable is remembered, so a receipt is never given for an entry that a crash could lose. */
  #remember(decisionId: string, written: { readonly ref: EntryRef; readonly leaf: Uint8Array; readonly signer: NoteSigner }): void {
    // A copy: the leaf is a slice of Node's buffer pool, and one remembered slice would keep all of its 64 KiB.
    this.#written.set(decisionId, { ...written, leaf: new Uint8Array(written.leaf) });
  }

  #closeLate(): void {
    const late = this.#unclosed;
    this.#unclosed = [];
    for (const draft of late) void this.#append("outcome", draft).catch(() => void this.#unclosed.push(draft));
  }
}
