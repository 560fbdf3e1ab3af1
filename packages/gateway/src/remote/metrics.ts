import { createHash, timingSafeEqual } from "node:crypto";
import type { HttpHandler } from "../options.ts";
import { AppError } from "@mandate/model";
import { isFromHere } from "../http/loopback.ts";
import { expositionType, type Metric, renderMetrics } from "../telemetry/exposition.ts";

export interface MetricsOptions {
  readonly metrics: () => Promise<readonly Metric[]> | readonly Metric[];
  /** What a scraper off loopback shows as its bearer; null: nobody there is answered. */
  readonly token: string | null;
  /** Everything else of the listener. */
  readonly next: HttpHandler;
}

/** Whoever can try a thousand a second for a year finds none of this length. */
const minTokenChars = 24;

/** @throws AppError `gateway.metrics_token` when it is short enough to be guessed */
export function requireMetricsToken(token: string | null): void {
  if (token === null || /^[\x21-\x7e]{24,512}$/.test(token)) return;
  throw new AppError({ code: "gateway.metrics_token", status: 500, message: `MANDATE_METRICS_TOKEN is shorter than ${minTokenChars} characters, or holds something other than visible ASCII.`, remedies: [{ text: "Set it to 24 random characters or more, or leave it out: figures are then told on loopback alone." }] });
}

/**
 * `GET /metrics` before everything else of a stand-alone gateway's listener: it needs no register. Figures tell an outsider
 * what runs here, so off loopback they want a token, as at the control plane; here it is the gateway's own, because the
 * control plane may be away just when somebody looks.
 */
export function withMetrics({ metrics, token, next }: MetricsOptions): HttpHandler {
  const wanted = token === null ? null : digest(token);
  return (req, res) => {
    if (req.method !== "GET" || req.url?.split("?")[0] !== "/metrics") return next(req, res);
    const shown = /^Bearer ([\x21-\x7e]{1,512})$/i.exec(req.headers.authorization ?? "")?.[1];
    if (!isFromHere(req) && (wanted === null || shown === undefined || !timingSafeEqual(digest(shown), wanted))) {
      const problem = { type: "about:blank", title: "Unauthorized", status: 401, code: "identity.required", detail: "Off loopback this gateway's figures want its own token.", remedies: [{ text: "Set MANDATE_METRICS_TOKEN where this gateway starts, and send it as Authorization: Bearer." }] };
      res.writeHead(401, { "content-type": "application/problem+json", "www-authenticate": "Bearer", "cache-control": "no-store", "x-content-type-options": "nosniff" }).end(JSON.stringify(problem));
      return;
    }
    Promise.resolve()
      .then(metrics)
      .then(
        (list) => res.writeHead(200, { "content-type": expositionType, "cache-control": "no-store", "x-content-type-options": "nosniff" }).end(renderMetrics(list)),
        () => res.writeHead(500).end(),
      );
  };
}

const digest = (text: string): Buffer => createHash("sha256").update(text).digest();
