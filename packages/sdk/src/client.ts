import { ApprovalRequired, check, PolicyDenied } from "./decide.ts";
import type { Question, Verdict } from "./decide.ts";
import { MandateError } from "./error.ts";
import { readEvents } from "./events.ts";
import type { LiveEvent } from "./events.ts";
import { queryString, Transport } from "./transport.ts";
import type { CallOptions, Query, TransportOptions } from "./transport.ts";
import type {
  Answer,
  BatchAnswer,
  BatchResult,
  Approval,
  ApprovalMetrics,
  Applied,
  DecisionRecord,
  DecisionSummary,
  Delegation,
  EvidenceEntry,
  LogHead,
  CredentialRegistration,
  NewCredential,
  NewMachine,
  Page,
  Resource,
  SampleRemoval,
  Session,
} from "./types.ts";

export interface ClientOptions extends TransportOptions {
  /** System that `tool()` and `check()` speak for when a question names no subject. */
  readonly system?: string;
  /** Base of the gateway for `openai()`. Default: the control address with its port plus one. */
  readonly gatewayUrl?: string;
}

export type Filters = Query & { readonly asOf?: string; readonly cursor?: string; readonly limit?: number };
type Reason = { readonly reason: string };
type Verb = "suspend" | "resume" | "retire" | "renew" | "promote";

const segment = encodeURIComponent;

/** Client of Mandate's control API and its decision API. Runs in browsers and Node, needs nothing else. */
export class MandateClient {
  readonly #transport: Transport;
  readonly #options: ClientOptions;

  constructor(options: ClientOptions) {
    this.#options = options;
    this.#transport = new Transport(options);
  }

  /** Any path of the control API; for endpoints without a method here. */
  request<T>(
    method: "GET" | "POST" | "PUT" | "DELETE",
    path: string,
    body?: unknown,
    options?: CallOptions,
  ): Promise<T> {
    return this.#transport.json<T>(method, path, body, options);
  }

  list<T = Resource>(kind: string, filters?: Filters, options?: CallOptions): Promise<Page<T>> {
    return this.request("GET", `/api/v1/${segment(kind)}${queryString(filters)}`, undefined, options);
  }

  /** Every page of a list, one after the other. */
  async *all<T = Resource>(kind: string, filters?: Filters, options?: CallOptions): AsyncGenerator<T, void, undefined> {
    let cursor: string | null | undefined = filters?.cursor;
    do {
      const page: Page<T> = await this.list<T>(
        kind,
        { ...filters, ...(cursor === undefined || cursor === null ? {} : { cursor }) },
        options,
      );
      if (!Array.isArray(page?.items)) {
        throw new MandateError({
          code: "unreadable_answer",
          status: 200,
          message: "The answer is not a list: is this address Mandate's control listener?",
        });
      }
      yield* page.items;
      if (page.nextCursor === cursor) return;
      cursor = page.nextCursor;
    } while (cursor !== null && cursor !== undefined);
  }

  get<T = Resource>(kind: string, name: string, query?: { readonly asOf?: string }, options?: CallOptions): Promise<T> {
    return this.request("GET", `/api/v1/${segment(kind)}/${segment(name)}${queryString(query)}`, undefined, options);
  }

  put<T = Resource>(kind: string, name: string, body: unknown, options?: CallOptions): Promise<T> {
    return this.request("PUT", `/api/v1/${segment(kind)}/${segment(name)}`, body, options);
  }

  delete(kind: string, name: string, options?: CallOptions): Promise<void> {
    return this.request("DELETE", `/api/v1/${segment(kind)}/${segment(name)}`, undefined, options);
  }

  /** Applies a manifest of many documents, all or nothing. */
  async apply(
    yaml: string,
    query: { readonly dryRun?: boolean; readonly reason?: string } = {},
    options: CallOptions = {},
  ): Promise<Applied> {
    const response = await this.#transport.request(
      "POST",
      `/api/v1/apply${queryString({ ...(query.dryRun === true ? { dryRun: true } : {}), ...(query.reason === undefined ? {} : { reason: query.reason }) })}`,
      {
        timeoutMs: 60_000,
        ...options,
        body: yaml,
        contentType: "application/yaml",
      },
    );
    return (await response.json()) as Applied;
  }

  readonly systems = {
    suspend: (name: string, body: Reason, options?: CallOptions) => this.#system(name, "suspend", body, options),
    resume: (name: string, body: Reason, options?: CallOptions) => this.#system(name, "resume", body, options),
    retire: (name: string, body: Reason, options?: CallOptions) => this.#system(name, "retire", body, options),
    renew: (name: string, body: Reason, options?: CallOptions) => this.#system(name, "renew", body, options),
    promote: (name: string, body: Reason, options?: CallOptions) => this.#system(name, "promote", body, options),
  };

  #system(name: string, verb: Verb, body: Reason, options?: CallOptions): Promise<Resource> {
    return this.request("POST", `/api/v1/systems/${segment(name)}/${verb}`, body, options);
  }

  /** `grant`, `deny` and `requestChanges` answer the question that `approvals` lists: one mechanism, two doors. */
  readonly authorizations = {
    submit: (id: string, body: Reason, options?: CallOptions) =>
      this.#act("authorizations", id, "submit", body, options),
    requestChanges: (id: string, body: Answer, options?: CallOptions) =>
      this.#act("authorizations", id, "request-changes", body, options),
    grant: (id: string, body: Answer, options?: CallOptions) => this.#act("authorizations", id, "grant", body, options),
    deny: (id: string, body: Answer, options?: CallOptions) => this.#act("authorizations", id, "deny", body, options),
    revoke: (id: string, body: Reason, options?: CallOptions) =>
      this.#act("authorizations", id, "revoke", body, options),
  };

  readonly credentials = {
    /** `ttl`: `15m`, `8h`, `30d`. The key in the answer is never shown again. */
    create: (body: { system: string; name: string; ttl: string }, options?: CallOptions): Promise<NewCredential> =>
      this.request("POST", "/api/v1/credentials", body, options),
    /** A client's public key, or a workload's trust. Nothing secret comes back. */
    register: (body: CredentialRegistration, options?: CallOptions): Promise<NewMachine> =>
      this.request("POST", "/api/v1/credentials", body, options),
    revoke: (id: string, body: Reason, options?: CallOptions) => this.#act("credentials", id, "revoke", body, options),
    suspend: (id: string, body: Reason, options?: CallOptions) =>
      this.#act("credentials", id, "suspend", body, options),
    resume: (id: string, body: Reason, options?: CallOptions) => this.#act("credentials", id, "resume", body, options),
    /** The successor's key; the old one works on through the overlap. */
    rotate: (
      id: string,
      body: Reason & { readonly jwk?: Readonly<Record<string, unknown>> },
      options?: CallOptions,
    ): Promise<NewCredential> =>
      this.request("POST", `/api/v1/credentials/${segment(id)}/rotate`, body, options),
  };

  #act(kind: string, id: string, verb: string, body: unknown, options?: CallOptions): Promise<Resource> {
    return this.request("POST", `/api/v1/${kind}/${segment(id)}/${verb}`, body, options);
  }

  readonly approvals = {
    list: (filters?: Filters, options?: CallOptions): Promise<Page<Approval>> =>
      this.list<Approval>("approvals", filters, options),
    get: (id: string, options?: CallOptions): Promise<Approval> =>
      this.get<Approval>("approvals", id, undefined, options),
    approve: (id: string, body: Answer, options?: CallOptions): Promise<Approval> =>
      this.request("POST", `/api/v1/approvals/${segment(id)}/approve`, body, options),
    refuse: (id: string, body: Answer, options?: CallOptions): Promise<Approval> =>
      this.request("POST", `/api/v1/approvals/${segment(id)}/refuse`, body, options),
    /** Several held calls of one kind, each bound to its own hash: `digest` says which statement was seen. */
    answerAll: (body: BatchAnswer, options?: CallOptions): Promise<{ readonly items: readonly BatchResult[] }> =>
      this.request("POST", "/api/v1/approval-batches", body, options),
    /** How long people take, and how often they say yes. */
    metrics: (query: { days?: number } = {}, options?: CallOptions): Promise<ApprovalMetrics> =>
      this.request("GET", `/api/v1/approval-metrics${queryString(query)}`, undefined, options),
  };

  /** Who answers for whom during an absence. */
  readonly delegations = {
    list: (filters?: Filters, options?: CallOptions): Promise<Page<Delegation>> =>
      this.list("delegations", filters, options),
    create: (
      body: { to: string; reason: string; starts?: string; ends: string },
      options?: CallOptions,
    ): Promise<Delegation> => this.request("POST", "/api/v1/delegations", body, options),
    end: (id: string, options?: CallOptions): Promise<Delegation> =>
      this.request("DELETE", `/api/v1/delegations/${segment(id)}`, undefined, options),
  };

  readonly people = {
    list: (filters?: Filters, options?: CallOptions): Promise<Page<Resource>> => this.list("people", filters, options),
    create: (
      body: {
        email: string;
        name: string;
        roles: readonly string[];
        /** For one `unit:NAME` or `system:NAME`; absent: as they are. */
        scopedRoles?: readonly { role: string; scope: string }[];
      },
      options?: CallOptions,
    ): Promise<Resource> => this.request("POST", "/api/v1/people", body, options),
    createToken: (email: string, body: { notAfter: string }, options?: CallOptions): Promise<{ token: string }> =>
      this.request("POST", `/api/v1/people/${segment(email)}/tokens`, body, options),
    /** A link that signs in once. */
    createSignInLink: (email: string, options?: CallOptions): Promise<{ url: string }> =>
      this.request("POST", `/api/v1/people/${segment(email)}/sign-in-links`, {}, options),
  };

  readonly secrets = {
    /** Sealed for these hosts alone; never readable again. */
    set: (name: string, body: { value: string; hosts: readonly string[] }, options?: CallOptions): Promise<unknown> =>
      this.request("PUT", `/api/v1/secrets/${segment(name)}`, body, options),
  };

  readonly gateways = {
    create: (body: { readonly name: string; readonly serves?: readonly string[] }, options?: CallOptions): Promise<{ id: string; token: string }> =>
      this.request("POST", "/api/v1/gateways", body, options),
  };

  readonly mcpServers = {
    /** `tools`: the hash of each definition that was read; without it all that is offered, but for what was refused. */
    pin: (name: string, body: Reason & { readonly tools?: Readonly<Record<string, string>> }, options?: CallOptions) => this.#act("mcp-servers", name, "pin", body, options),
    /** The tools stay held and say so. */
    refuse: (name: string, body: Reason & { readonly tools: Readonly<Record<string, string>> }, options?: CallOptions) => this.#act("mcp-servers", name, "refuse", body, options),
  };

  readonly sample = {
    /** Removes the sample organization, but for what your own objects use; the evidence of what it did stays. */
    remove: (options?: CallOptions): Promise<SampleRemoval> =>
      this.request("DELETE", "/api/v1/sample", undefined, options),
  };

  readonly settings = {
    setOutbound: (body: { allow: readonly string[] }, options?: CallOptions): Promise<unknown> =>
      this.request("PUT", "/api/v1/settings/outbound", body, options),
  };

  readonly decisions = {
    list: (filters?: Filters, options?: CallOptions): Promise<Page<DecisionSummary>> =>
      this.list<DecisionSummary>("decisions", filters, options),
    get: (id: string, options?: CallOptions): Promise<DecisionRecord> =>
      this.get<DecisionRecord>("decisions", id, undefined, options),
  };

  readonly evidence = {
    logs: (options?: CallOptions): Promise<readonly LogHead[]> =>
      this.request("GET", "/api/v1/evidence/logs", undefined, options),
    /** The newest checkpoints as signed notes. */
    head: async (options: CallOptions = {}): Promise<string> =>
      await (
        await this.#transport.request("GET", "/api/v1/evidence/head", { ...options, accept: "text/plain" })
      ).text(),
    /** What a search of decisions found, as text: CSV or JSON lines. */
    decisions: async (filters: Filters & { format: "csv" | "jsonl" }, options: CallOptions = {}): Promise<ReadableStream<Uint8Array>> => {
      const response = await this.#transport.request("GET", `/api/v1/evidence/decisions${queryString(filters)}`, { timeoutMs: 0, ...options, accept: "*/*" });
      return response.body!;
    },
    /** Consistency body (C2SP tlog-witness add-checkpoint) from an older size to the newest checkpoint. */
    proof: async (query: { from: number; log: string }, options: CallOptions = {}): Promise<string> =>
      await (
        await this.#transport.request("GET", `/api/v1/evidence/proof${queryString(query)}`, {
          ...options,
          accept: "text/plain",
        })
      ).text(),
    entry: (log: string, index: number, options?: CallOptions): Promise<EvidenceEntry> =>
      this.request("GET", `/api/v1/evidence/entries/${segment(log)}/${index}`, undefined, options),
    /** The pack's bytes as they come: it can be larger than memory. */
    pack: async (
      body: { system?: string; since?: string; until?: string; disclose?: string; systems?: readonly string[]; framework?: string; audit?: string } = {},
      options: CallOptions = {},
    ): Promise<ReadableStream<Uint8Array>> => {
      const response = await this.#transport.request("POST", "/api/v1/evidence/packs", {
        timeoutMs: 0,
        ...options,
        accept: "application/zip",
        body: JSON.stringify(body),
        contentType: "application/json",
      });
      if (response.body === null)
        throw new MandateError({
          code: "unreadable_answer",
          status: response.status,
          message: "The evidence pack came empty.",
        });
      return response.body as ReadableStream<Uint8Array>;
    },
    /** The record in a format of others, as its bytes come. `GET /api/v1/exports` lists the formats. */
    export: async (format: string, body: { system?: string } = {}, options: CallOptions = {}): Promise<ReadableStream<Uint8Array>> => {
      const response = await this.#transport.request("POST", `/api/v1/exports/${segment(format)}`, { timeoutMs: 0, ...options, accept: "*/*", body: JSON.stringify(body), contentType: "application/json" });
      if (response.body === null) throw new MandateError({ code: "unreadable_answer", status: response.status, message: "The export came empty." });
      return response.body as ReadableStream<Uint8Array>;
    },
  };

  readonly session = {
    /** Answers without a refusal, so that a page may ask before it knows. */
    state: (options?: CallOptions): Promise<{ signedIn: boolean }> =>
      this.request("GET", "/api/v1/session/state", undefined, options),
    get: (options?: CallOptions): Promise<Session> => this.request("GET", "/api/v1/session", undefined, options),
    /** Spends the secret part of a sign-in link; the answer sets the session's cookie. */
    signIn: (link: string, options?: CallOptions): Promise<{ email: string; first?: boolean }> =>
      this.request("POST", "/api/v1/session/sign-in", { link }, options),
    signOut: (options?: CallOptions): Promise<void> => this.request("POST", "/api/v1/session/sign-out", {}, options),
  };

  /** Live changes and decisions, until the signal aborts or the connection ends; the caller decides about reconnecting. */
  async *events({ onAlive, ...options }: CallOptions & { readonly onAlive?: () => void } = {}): AsyncGenerator<LiveEvent, void, undefined> {
    const response = await this.#transport.request("GET", "/api/v1/events", {
      timeoutMs: 0,
      ...options,
      accept: "text/event-stream",
    });
    if (response.body === null) return;
    yield* readEvents(response.body as ReadableStream<Uint8Array>, onAlive);
  }

  /** Asks whether something may happen. Denies when Mandate can't be reached; throws only for the caller's own abort. */
  check(
    question: Omit<Question, "subject"> & { readonly subject?: Question["subject"] },
    options?: CallOptions,
  ): Promise<Verdict> {
    const subject = question.subject ?? this.#options.system;
    if (subject === undefined) throw new TypeError("check() needs a subject: pass one, or give the client a system");
    return check(this.#transport, { ...question, subject }, options);
  }

  /**
   * Wraps a tool so that each call is decided first: allowed calls run, held ones raise `ApprovalRequired`, others raise
   * `PolicyDenied`. `approval` repeats a held call. With `waitMs` it waits for the person instead, at most that long.
   */
  tool<I, O>(
    name: string,
    run: (input: I) => Promise<O> | O,
    settings: {
      readonly waitMs?: number;
      readonly pollMs?: number;
      readonly context?: Readonly<Record<string, unknown>>;
    } = {},
  ): (input: I, options?: CallOptions & { readonly approval?: string }) => Promise<O> {
    return async (input, options = {}) => {
      const { approval, ...call } = options;
      const ask = (ticket: string | undefined): Promise<Verdict> =>
        this.check(
          {
            action: "tool.call",
            resource: { type: "tool", id: name },
            input,
            ...(settings.context === undefined ? {} : { context: settings.context }),
            ...(ticket === undefined ? {} : { approval: ticket }),
          },
          call,
        );
      let verdict = await ask(approval);
      if (verdict.outcome === "hold" && settings.waitMs !== undefined && verdict.approval !== undefined) {
        const ticket = verdict.approval.id;
        if (await this.#approved(ticket, settings.waitMs, settings.pollMs ?? 2_000, call)) verdict = await ask(ticket);
      }
      if (verdict.outcome === "hold") throw new ApprovalRequired(verdict);
      // A caller that can't carry out an obligation must not act as if there were none.
      if (verdict.outcome === "allow" && verdict.obligations.some((duty) => !isLogging(duty))) {
        throw new PolicyDenied({
          ...verdict,
          outcome: "deny",
          reason: `${name} is allowed only with obligations that this wrapper can't carry out; use check() and apply them.`,
        });
      }
      if (verdict.outcome !== "allow") throw new PolicyDenied(verdict);
      return await run(input);
    };
  }

  async #approved(id: string, waitMs: number, pollMs: number, options: CallOptions): Promise<boolean> {
    const sleep = this.#options.sleep ?? ((ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms)));
    for (let waited = 0; waited < waitMs; waited += pollMs) {
      await sleep(pollMs, options.signal);
      const { state } = await this.approvals.get(id, options);
      if (state !== "pending") return state === "approved";
    }
    return false;
  }

  /** `client.openai(OpenAI)`: the official client, pointed at the gateway with this client's key. */
  openai<T>(OpenAI: new (options: { apiKey: string; baseURL: string }) => T): T {
    const { token } = this.#options;
    if (token === undefined) throw new TypeError("openai() needs the client's token to be a gateway key");
    return new OpenAI({ apiKey: token, baseURL: `${this.#gatewayUrl()}/v1` });
  }

  #gatewayUrl(): string {
    if (this.#options.gatewayUrl !== undefined) return this.#options.gatewayUrl.replace(/\/+$/, "");
    const url = new URL(this.#transport.url);
    if (url.port === "")
      throw new TypeError("openai() needs gatewayUrl: the control address names no port to count from");
    url.port = String(Number(url.port) + 1);
    return url.origin;
  }
}

function isLogging(duty: unknown): boolean {
  return typeof duty === "object" && duty !== null && (duty as { kind?: unknown }).kind === "log";
}
