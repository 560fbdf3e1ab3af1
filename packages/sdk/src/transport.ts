import { errorFromResponse, MandateError } from "./error.ts";

export type Fetch = (input: string, init?: RequestInit) => Promise<Response>;

export interface TransportOptions {
  /** Origin of the control listener, `http://localhost:4600`. Empty string: this page's own origin. */
  readonly url: string;
  /** API token or gateway key. Absent in a browser, where the session cookie speaks. */
  readonly token?: string | undefined;
  readonly fetch?: Fetch | undefined;
  /** Anti-forgery value of a cookie session, from `GET /api/v1/session`; `1` until it is known. */
  readonly csrf?: (() => string | undefined) | undefined;
  /** Per attempt. Default 15,000. */
  readonly timeoutMs?: number | undefined;
  /** Further attempts of requests that change nothing. Default 2. */
  readonly retries?: number | undefined;
  /** Waits between attempts; tests pass one that returns at once. */
  readonly sleep?: ((ms: number, signal?: AbortSignal) => Promise<void>) | undefined;
}

export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
  readonly timeoutMs?: number | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

export type Query = Readonly<Record<string, string | number | boolean | readonly string[] | null | undefined>>;

const retryable = new Set([429, 502, 503, 504]);
const longestWaitMs = 10_000;

function defaultSleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms);
    signal?.addEventListener(
      "abort",
      () => {
        clearTimeout(timer);
        reject(signal.reason as Error);
      },
      { once: true },
    );
  });
}

/** `?a=1&b=2`, or an empty string. Arrays repeat the name; null and undefined are left out. */
export function queryString(query: Query | undefined): string {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(query ?? {})) {
    if (value === null || value === undefined) continue;
    if (typeof value === "object") for (const item of value) params.append(name, item);
    else params.append(name, String(value));
  }
  const text = params.toString();
  return text === "" ? "" : `?${text}`;
}

export class Transport {
  readonly url: string;
  readonly #options: TransportOptions;

  constructor(options: TransportOptions) {
    this.url = options.url.replace(/\/+$/, "");
    this.#options = options;
  }

  get token(): string | undefined {
    return this.#options.token;
  }

  /**
   * One request. Only GET is tried again: a repeated write could act twice, and a repeated evaluation could open a second
   * hold for one call. Raises `MandateError` for every answer that is not a success, and with status 0 for none.
   */
  async request(
    method: string,
    path: string,
    init: { body?: string; contentType?: string; accept?: string } & CallOptions = {},
  ): Promise<Response> {
    const attempts = method === "GET" ? 1 + (this.#options.retries ?? 2) : 1;
    for (let attempt = 1; ; attempt += 1) {
      let failure: MandateError;
      let waitMs = Math.min(longestWaitMs, 200 * 2 ** (attempt - 1));
      try {
        const response = await this.#once(method, path, init);
        if (response.ok) return response;
        failure = await errorFromResponse(response);
        if (!retryable.has(response.status) || response.headers.get("x-should-retry") === "false") throw failure;
        const after = Number(response.headers.get("retry-after"));
        if (Number.isFinite(after) && after > 0) waitMs = after * 1000;
      } catch (error) {
        if (init.signal?.aborted === true) throw error;
        if (error instanceof MandateError) {
          if (!retryable.has(error.status)) throw error;
          failure = error;
        } else {
          failure = new MandateError({
            code: "control_unavailable",
            status: 0,
            message: `Mandate can't be reached at ${this.url === "" ? "this address" : this.url}.`,
            remedies: [{ text: "Check that the server runs and the address is right.", command: "mandate doctor" }],
            cause: error,
          });
        }
      }
      if (attempt >= attempts || waitMs > longestWaitMs) throw failure;
      await (this.#options.sleep ?? defaultSleep)(waitMs, init.signal);
    }
  }

  async #once(
    method: string,
    path: string,
    init: { body?: string; contentType?: string; accept?: string } & CallOptions,
  ): Promise<Response> {
    const headers: Record<string, string> = { accept: init.accept ?? "application/json", ...init.headers };
    if (this.token !== undefined) headers["authorization"] = `Bearer ${this.token}`;
    // A cookie session proves a page of ours made the request: other origins can't set this header without a preflight.
    else if (method !== "GET") headers["x-mandate-csrf"] = this.#options.csrf?.() ?? "1";
    if (init.contentType !== undefined) headers["content-type"] = init.contentType;
    const timeoutMs = init.timeoutMs ?? this.#options.timeoutMs ?? 15_000;
    const signals = [init.signal, timeoutMs > 0 ? AbortSignal.timeout(timeoutMs) : undefined].filter(
      (signal) => signal !== undefined,
    );
    const send: Fetch = this.#options.fetch ?? ((input, options) => fetch(input, options));
    return await send(this.url + path, {
      method,
      headers,
      redirect: "error",
      credentials: this.token === undefined ? "same-origin" : "omit",
      ...(init.body === undefined ? {} : { body: init.body }),
      ...(signals.length === 0 ? {} : { signal: AbortSignal.any(signals) }),
    });
  }

  async json<T>(method: string, path: string, body?: unknown, options: CallOptions = {}): Promise<T> {
    const response = await this.request(method, path, {
      ...options,
      ...(body === undefined ? {} : { body: JSON.stringify(body), contentType: "application/json" }),
    });
    if (response.status === 204) return undefined as T;
    const text = await response.text();
    if (text === "") return undefined as T;
    try {
      return JSON.parse(text) as T;
    } catch (error) {
      throw new MandateError({
        code: "unreadable_answer",
        status: response.status,
        message: "The answer is not JSON: is this address Mandate's control listener?",
        requestId: response.headers.get("x-request-id"),
        cause: error,
      });
    }
  }
}
