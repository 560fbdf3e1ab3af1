import { isIP } from "node:net";
import { type Dispatcher, Pool } from "undici";
import { isSealedFor, type ModelFacts } from "@mandate/model";
import type { Compiled } from "../compiled.ts";
import type { GatewayLimits } from "../options.ts";
import type { UpstreamSecret } from "../snapshot.ts";
import type { Surface } from "../surfaces/surface.ts";
import { OutboundRefused } from "./address.ts";
import { UpstreamFailure } from "./failure.ts";
import { type CallerHeaders, providers } from "./providers/provider.ts";

export { UpstreamFailure } from "./failure.ts";

export interface UpstreamEvents {
  head(status: number, headers: Readonly<Record<string, string | string[] | undefined>>): void;
  data(chunk: Buffer): void;
  end(): void;
  fail(failure: UpstreamFailure): void;
}

export interface UpstreamCall {
  pause(): void;
  resume(): void;
  /** Ends the exchange; no event follows. */
  abort(): void;
}

export interface OutgoingRequest {
  readonly method: "GET" | "POST" | "DELETE";
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer | null;
  /** Name of the sealed secret that goes along as a bearer; null: none. */
  readonly credential: string | null;
  /** Longest silence inside an answer; 0: any. */
  readonly idleMs: number;
}

/** One call of a model, as its caller's surface has it. */
export interface ModelRequest {
  readonly model: ModelFacts;
  readonly surface: Surface;
  readonly stream: boolean;
  readonly body: Buffer;
  readonly callerHeaders: CallerHeaders;
  /** Of the gateway's own making: the trace. */
  readonly headers?: Readonly<Record<string, string>>;
}

export class UpstreamClient {
  readonly #limits: GatewayLimits;
  readonly #now: () => number;
  readonly #pools = new Map<string, Pool>();
  #outboundKey = "";

  /** @param now epoch milliseconds, for requests that are signed */
  constructor(limits: GatewayLimits, now: () => number) {
    this.#limits = limits;
    this.#now = now;
  }

  /**
   * Sends the call as the model's provider takes it.
   * @throws UpstreamFailure (`refused`) before a byte has left, when address or secret rules forbid it
   */
  send(compiled: Compiled, { model, surface, stream, body, callerHeaders, headers: own }: ModelRequest, events: UpstreamEvents): UpstreamCall {
    const provider = providers[model.protocol];
    let url: URL;
    try {
      url = new URL(provider.address(model, surface, stream));
    } catch {
      throw new UpstreamFailure("refused", "The model's endpoint is not an address.", "invalid endpoint");
    }
    if (url.protocol !== "http:" && url.protocol !== "https:")
      throw new UpstreamFailure("refused", "The model's endpoint is not an HTTP address.", "endpoint scheme");
    const secret = secretFor(compiled, model.credential, url);
    const pool = this.#pool(compiled, url);
    const sent = provider.body?.(body, surface, callerHeaders, this.#limits.maxJsonDepth) ?? body;
    const headers = {
      "content-type": "application/json",
      accept:
        provider.accept?.(surface, stream) ??
        (stream && surface.framing !== "json-array" ? "text/event-stream" : "application/json"),
      "accept-encoding": "identity",
      "user-agent": "mandate-gateway",
      ...provider.headers(callerHeaders),
      ...own,
    };
    const dispatch = (proof: Readonly<Record<string, string>>) =>
      this.#dispatch(pool, { path: url.pathname + url.search, method: "POST", headers: { ...headers, ...proof }, body: sent }, events);
    if (secret === null) return dispatch({});
    const proof = provider.authorize(secret.value, { url, headers, body: sent }, this.#now());
    return proof instanceof Promise ? whenProven(proof, dispatch, events) : dispatch(proof);
  }

  /**
   * Sends any request to an address of the register, under the same address and secret rules.
   * @throws UpstreamFailure (`refused`) before a byte has left
   */
  open(compiled: Compiled, url: URL, request: OutgoingRequest, events: UpstreamEvents): UpstreamCall {
    if (url.protocol !== "http:" && url.protocol !== "https:") throw new UpstreamFailure("refused", "The server's address is not an HTTP address.", "scheme");
    const headers = { ...request.headers, "accept-encoding": "identity", "user-agent": "mandate-gateway", ...bearer(compiled, request.credential, url) };
    return this.#dispatch(this.#pool(compiled, url, request.idleMs === 0), { path: url.pathname + url.search, method: request.method, headers, body: request.body, bodyTimeout: request.idleMs }, events);
  }

  #dispatch(pool: Pool, request: Dispatcher.DispatchOptions, events: UpstreamEvents): UpstreamCall {
    let aborted = false;
    let finished = false;
    let started = false;
    let controller: { pause(): void; resume(): void; abort(reason: Error): void } | undefined;
    pool.dispatch(request, {
      onRequestStart(control) {
        controller = control;
        if (aborted) control.abort(new Error("aborted"));
      },
      onResponseStart(_control, status, headers) {
        if (status < 200 || aborted) return;
        started = true;
        events.head(status, headers);
      },
      onResponseData(_control, chunk) {
        if (!aborted) events.data(chunk);
      },
      onResponseEnd() {
        finished = true;
        if (!aborted) events.end();
      },
      onResponseError(_control, error) {
        finished = true;
        if (!aborted) events.fail(failureOf(error, started));
      },
    });
    return {
      pause: () => controller?.pause(),
      resume: () => controller?.resume(),
      abort: () => {
        if (aborted || finished) return;
        aborted = true;
        controller?.abort(new Error("aborted"));
      },
    };
  }

  async close(): Promise<void> {
    const pools = [...this.#pools.values()];
    this.#pools.clear();
    await Promise.all(pools.map((pool) => pool.destroy()));
  }

  /** @param lasting streams that stay open have connections of their own, so that they can't starve calls */
  #pool(compiled: Compiled, url: URL, lasting = false): Pool {
    if (compiled.outboundKey !== this.#outboundKey) {
      this.#outboundKey = compiled.outboundKey;
      for (const old of this.#pools.values()) void old.close();
      this.#pools.clear();
    }
    const key = lasting ? `${url.origin} lasting` : url.origin;
    let pool = this.#pools.get(key);
    if (pool !== undefined) return pool;
    const port = Number(url.port) || (url.protocol === "https:" ? 443 : 80);
    const host = url.hostname.replace(/^\[|\]$/g, "");
    // A literal address never reaches `lookup`, so it is judged here.
    if (isIP(host) !== 0) {
      try {
        compiled.outbound.check(host, host, port);
      } catch (refused) {
        throw failureOf(refused as Error, false);
      }
    }
    pool = new Pool(url.origin, {
      connections: this.#limits.upstreamConnections,
      pipelining: 1,
      headersTimeout: this.#limits.upstreamHeadersMs,
      bodyTimeout: this.#limits.upstreamIdleMs,
      allowH2: false,
      connect: { timeout: this.#limits.upstreamConnectMs, lookup: compiled.outbound.lookup(port) },
    });
    this.#pools.set(key, pool);
    return pool;
  }
}

/** A signature takes a moment: whoever leaves in between is not called for. */
function whenProven(
  proof: Promise<Readonly<Record<string, string>>>,
  dispatch: (proof: Readonly<Record<string, string>>) => UpstreamCall,
  events: UpstreamEvents,
): UpstreamCall {
  let aborted = false;
  let call: UpstreamCall | undefined;
  proof
    .then((headers) => {
      if (!aborted) call = dispatch(headers);
    })
    .catch((error: unknown) => {
      if (aborted) return;
      events.fail(
        error instanceof UpstreamFailure
          ? error
          : new UpstreamFailure("refused", "The provider's secret can't be used to sign.", error instanceof Error ? error.name : "unknown"),
      );
    });
  return {
    pause: () => call?.pause(),
    resume: () => call?.resume(),
    abort: () => {
      aborted = true;
      call?.abort();
    },
  };
}

function bearer(compiled: Compiled, credential: string | null, url: URL): Record<string, string> {
  const secret = secretFor(compiled, credential, url);
  return secret === null ? {} : { authorization: `Bearer ${secret.value}` };
}

/** INVARIANT (G8): a secret goes to the hosts it was sealed for and nowhere else. */
function secretFor(compiled: Compiled, credential: string | null, url: URL): UpstreamSecret | null {
  if (credential === null) return null;
  const secret = compiled.secrets.get(credential);
  if (secret === undefined)
    throw new UpstreamFailure("refused", `The provider's secret \`${credential}\` is not set.`, "secret missing");
  if (!isSealedFor(secret.hosts, url)) {
    throw new UpstreamFailure(
      "refused",
      `The provider's secret \`${credential}\` was not sealed for this host.`,
      "secret host mismatch",
    );
  }
  return secret;
}

function failureOf(error: Error, started: boolean): UpstreamFailure {
  if (error instanceof OutboundRefused || error.cause instanceof OutboundRefused)
    return new UpstreamFailure("refused", "The upstream's address is one that this gateway does not call.", error.message);
  const code = (error as { code?: string }).code ?? "";
  if (/TIMEOUT/.test(code)) return new UpstreamFailure("timeout", "The upstream did not answer in time.", code);
  return new UpstreamFailure(
    started ? "cut" : "unreachable",
    started ? "The upstream's answer broke off." : "The upstream could not be reached.",
    code || error.name,
  );
}
