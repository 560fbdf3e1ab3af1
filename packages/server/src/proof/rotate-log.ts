import { AppError } from "@mandate/model";
import { z } from "zod";
import type { Contexts } from "../context/index.ts";
import { controlWriter, metaWriter } from "../evidence/index.ts";
import type { Evidence, RotatedLog } from "../evidence/index.ts";
import type { NewFinding } from "../findings/index.ts";
import { actorOf, administrators } from "../http/index.ts";
import type { App } from "../http/index.ts";

export interface RotateLogDeps {
  readonly contexts: Contexts;
  readonly evidence: Evidence;
  /** The gateway of this process: it must hand its log over. */
  readonly gateway: {
    origin(): string;
    rotateLog(commit: (from: { readonly origin: string; readonly size: number }) => Promise<RotatedLog>): Promise<RotatedLog>;
  };
  readonly report: (finding: NewFinding) => Promise<void>;
}

const rotated = z.object({ closed: z.object({ origin: z.string(), size: z.number() }), origin: z.string(), vkey: z.string() });

/** Replaces the signing key of a log while the server runs. */
export function rotateLogRoutes(app: App, { contexts, evidence, gateway, report }: RotateLogDeps): void {
  app.post(
    "/api/v1/evidence/logs/rotate",
    {
      config: { access: administrators },
      schema: {
        operationId: "rotateLog",
        summary: "Replace a log's signing key: the log is closed and its writer's next one begun, while calls run on",
        body: z.strictObject({ log: z.string().min(1).max(300).optional(), reason: z.string().trim().min(1).max(1000) }),
        response: { 200: rotated },
      },
    },
    async (request) => {
      const { reason } = request.body;
      const ctx = contexts.quiet(actorOf(request));
      const origin = request.body.log ?? gateway.origin();
      const commit = (at: number | null) => (from: string) =>
        // INVARIANT: closing, beginning and the entry that says who and why are one transaction.
        ctx.transact(async (tx, record) => {
          const done = await evidence.rotateLog(tx, from, at);
          record({ type: "setting", payload: { event: "evidence.log_rotated", closed: done.closed, log: done.origin, reason, by: ctx.actor.id } });
          return done;
        });
      const done = origin === gateway.origin() ? await gateway.rotateLog((from) => commit(from.size)(from.origin)) : await rotateHere(origin, () => commit(null)(origin));
      // Whoever stole a key or wants a break in the record would do this as well: it is never done in silence.
      await report({ key: `log-rotated:${done.origin}`, system: null, kind: "evidence.log_rotated", title: `The signing key of ${done.closed.origin} was replaced`, detail: `${ctx.actor.email ?? ctx.actor.id}: ${reason}. It was closed with ${done.closed.size} entries; ${done.origin} goes on.`, owner: null });
      // The next second publishes them all the same.
      await evidence.publishCheckpoints({ counts: "now" }).catch(() => undefined);
      return done;
    },
  );

  async function rotateHere(origin: string, commit: () => Promise<RotatedLog>): Promise<RotatedLog> {
    const log = (await evidence.logs()).find((one) => one.origin === origin);
    if (log === undefined) throw new AppError({ code: "evidence.no_log", status: 404, message: "There is no log of this name.", remedies: [{ text: "List them with GET /api/v1/evidence/logs." }] });
    if (log.writer === metaWriter)
      throw notRotatable("Witnesses know the meta-log by its key, and sign nothing of another until they are given it. It is replaced with every other key, on the word of two people, while the server is stopped.", "npx mandate evidence epoch --token-file ADA GRACE --reason REASON");
    if (log.writer !== controlWriter && !log.closed)
      throw notRotatable(`${origin} is written by a gateway in another process, which signs what it writes with a key of its own volume. Remove that gateway and enrol it anew: it gets a new log with new keys, and nothing more is taken into this one.`, "npx mandate gateway create NAME");
    return commit();
  }
}

const notRotatable = (message: string, command: string): AppError => new AppError({ code: "evidence.not_rotatable", status: 409, message, remedies: [{ text: "Do this instead.", command }] });
