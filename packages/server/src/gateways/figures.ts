import { callKinds } from "@mandate/gateway";
import { z } from "zod";

const ms = z.number().min(0).max(60_000);
const latency = { calls: z.number().int().min(0), medianMs: ms.nullable(), p99Ms: ms.nullable() };

/** What a gateway added to its calls of the last hour, or since its start if that is later. */
export const addedSchema = z.strictObject({ since: z.string().max(40), ...latency, kinds: z.array(z.strictObject({ kind: z.enum(callKinds), ...latency })).max(callKinds.length).readonly() });
export type Added = z.infer<typeof addedSchema>;

/** Reported each few seconds; what is older says nothing of now. */
const goodForMs = 60_000;

/** What gateways elsewhere last said of themselves. In memory alone: they say it again soon, and it is no evidence. */
export class GatewayFigures {
  readonly #now: () => number;
  readonly #told = new Map<string, { readonly atMs: number; readonly added: Added }>();

  constructor(now: () => number) {
    this.#now = now;
  }

  take(id: string, added: Added): void {
    this.#told.set(id, { atMs: this.#now(), added });
  }

  /** Null: not known. */
  of(id: string): Added | null {
    const told = this.#told.get(id);
    if (told === undefined) return null;
    if (this.#now() - told.atMs <= goodForMs) return told.added;
    this.#told.delete(id);
    return null;
  }
}
