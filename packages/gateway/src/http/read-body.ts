import type { IncomingMessage } from "node:http";
import type { Holding } from "../byte-budget.ts";
import { PendingBytes } from "../pending-bytes.ts";
import { type Refusal, refuse } from "./refusal.ts";

/** The calls under way hold as much together as a machine is to be burdened with. */
export const crowded: Refusal = {
  ...refuse("rate", "The calls under way hold as many bytes as this gateway keeps for all of them.", "Repeat the call shortly, with a smaller one or fewer at once."),
  retryAfterSeconds: 1,
};

export interface BodyLimits {
  readonly maxBodyBytes: number;
  readonly bodyTimeoutMs: number;
}

/** The whole body, bounded in size and time, or why not. Undefined when the caller went away. */
/** @param held what the call holds of the bytes that all calls may hold together */
export function readBody(req: IncomingMessage, limits: BodyLimits, held: Holding | null = null): Promise<Buffer | Refusal | undefined> {
  const encoding = req.headers["content-encoding"];
  if (encoding !== undefined && encoding !== "identity")
    return Promise.resolve(
      refuse(
        "unreadable_body",
        "The body is compressed, and what can't be read can't be checked.",
        "Send it without Content-Encoding.",
        "content-encoding",
      ),
    );
  return readBytes(req, limits, held);
}

/** The body as it was sent, encoded or not. */
export function readBytes(req: IncomingMessage, limits: BodyLimits, held: Holding | null = null): Promise<Buffer | Refusal | undefined> {
  const tooLarge = refuse(
    "payload_too_large",
    `The body is larger than ${limits.maxBodyBytes} bytes.`,
    "Send a smaller request, or split it.",
  );
  const declared = Number(req.headers["content-length"] ?? 0);
  if (declared > limits.maxBodyBytes) return Promise.resolve(tooLarge);
  return new Promise((resolve) => {
    // Copied together as it comes: sixteen million chunks of a byte each would be gigabytes of objects.
    const read = new PendingBytes();
    const timer = setTimeout(
      () =>
        settle(
          refuse(
            "unreadable_body",
            `The body did not arrive within ${limits.bodyTimeoutMs / 1000} seconds.`,
            "Send it again over a faster connection.",
          ),
        ),
      limits.bodyTimeoutMs,
    );
    const onData = (chunk: Buffer): void => {
      if (read.length + chunk.length > limits.maxBodyBytes) settle(tooLarge);
      else if (held?.grow(chunk.length) === false) settle(crowded);
      else read.append(chunk);
    };
    const onEnd = (): void => settle(read.take());
    const onGone = (): void => settle(undefined);
    const settle = (result: Buffer | Refusal | undefined): void => {
      clearTimeout(timer);
      req.off("data", onData).off("end", onEnd).off("aborted", onGone).off("error", onGone).off("close", onGone);
      // Late errors of a connection that is given up must not become uncaught ones.
      req.on("error", () => undefined);
      if (!Buffer.isBuffer(result)) req.pause();
      resolve(result);
    };
    req.on("data", onData).on("end", onEnd).on("aborted", onGone).on("error", onGone).on("close", onGone);
  });
}
