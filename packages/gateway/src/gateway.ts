import type { IncomingMessage, ServerResponse } from "node:http";
import { isProbe, tiers } from "@mandate/model";
import { handleAuthzen } from "./authzen/handle.ts";
import { ProofBook } from "./auth/dpop.ts";
import { createSessionBooks } from "./auth/session-token.ts";
import { McpHub } from "./mcp/hub.ts";
import { StdioServers } from "./mcp/stdio/servers.ts";
import { ByteBudget } from "./byte-budget.ts";
import { compileSnapshot, type Compiled } from "./compiled.ts";
import { Exchange } from "./http/exchange.ts";
import { type Refusal, refuse } from "./http/refusal.ts";
import {
  type AuthzenCaller,
  defaultLimits,
  type Gateway,
  type GatewayOptions,
  type GatewayReadiness,
} from "./options.ts";
import { AnswerStore } from "./pipeline/answer-store.ts";
import { Meter } from "./pipeline/meter.ts";
import { ReferenceSample } from "./pipeline/reference-sample.ts";
import { EmittedAnswers } from "./pipeline/emitted-answers.ts";
import type { Runtime } from "./pipeline/runtime.ts";
import { TextsRead } from "./pipeline/texts-read.ts";
import { stopOf } from "./pipeline/kill-switch.ts";
import { pooledRandom } from "./pooled-random.ts";
import { route } from "./route.ts";
import { Slots } from "./slots.ts";
import { AddedTimes } from "./telemetry/added-times.ts";
import { CallTime } from "./telemetry/call-time.ts";
import { Tracer } from "./telemetry/tracer.ts";
import { UpstreamClient } from "./upstream/client.ts";

/** The data plane. Listens nowhere by itself: `createGatewayServer` or the caller's own `node:http` server does. */
export function createGateway(given: GatewayOptions): Gateway {
  const options = { ...given, random: pooledRandom(given.random) };
  const limits = { ...defaultLimits, ...options.limits };
  let newestMs = 0;
  // G5: time never goes backward, or an ended authorization would live again.
  const now = () => (newestMs = Math.max(newestMs, options.clock()));
  const elapsed = options.elapsed ?? (() => performance.now());
  const added = new AddedTimes(now);
  const upstream = new UpstreamClient(limits, now);
  const mcp = new McpHub({
    upstream,
    limits,
    random: options.random,
    now,
    stdio: new StdioServers({ enabled: options.mcpProcesses === true, limits, log: options.log, now }),
  });
  const tracer = new Tracer(options.sampling ?? null, options.random);
  let compiled: Compiled | undefined;
  const ownSessionKey = options.sessionKey ?? options.random(new Uint8Array(32));
  const runtime: Runtime = {
    options,
    limits,
    now,
    sessions: createSessionBooks({
      // The register's key, so that a token holds at every gateway and after a restart.
      key: () => compiled?.snapshot.sessionKey ?? ownSessionKey,
      clock: now,
      random: options.random,
      take: options.control.takeSession?.bind(options.control),
    }),
    tokenKey: options.sessionKey ?? options.random(new Uint8Array(32)),
    proofs: new ProofBook(),
    upstream,
    tracer,
    mcp,
    meter: new Meter({
      lease: options.control.lease ?? null,
      warn: (event, details) => options.log.warn(event, details),
      before: options.used ?? [],
      nowMs: options.clock(),
    }),
    assumedPrice: { input: limits.inputMicroEurosPerToken, output: limits.outputMicroEurosPerToken },
    reference: new ReferenceSample({ options, every: limits.referenceEvery, now }),
    texts: new TextsRead(),
    answers: new AnswerStore({ random: options.random, maxBytes: limits.maxStoredAnswerBytes }),
    emitted: new EmittedAnswers(),
    running: new Slots(),
    stopOf: (call) => (compiled === undefined ? null : stopOf(compiled, call)),
    firstSeenServed: new Map(),
  };
  options.control.answerSessions?.((id) => runtime.sessions.give(id));
  let draining = false;
  const bytes = new ByteBudget(limits.maxBytesInFlight, limits.maxInFlight);
  let open = 0;
  /** Replies that are complete here and not yet at their callers. */
  let unread = 0;
  let idle: (() => void) | undefined;
  const unauthenticated = new Map<string, number>();

  const unsubscribe = options.control.subscribe((snapshot) => {
    if (compiled !== undefined && snapshot.version < compiled.version) return;
    compiled = compileSnapshot(snapshot, compiled);
    mcp.follow(compiled);
    cutStopped();
  });

  /** What was stopped while it ran is cut (SPEC 3, Kill switch), at every scope. */
  function cutStopped(): void {
    for (const call of runtime.running) {
      const refusal = runtime.stopOf(call);
      if (refusal !== null) call.cut(refusal);
    }
  }

  function countUnknown(refusal: Refusal): void {
    unauthenticated.set(refusal.code, (unauthenticated.get(refusal.code) ?? 0) + 1);
  }

  function exchangeOf(req: IncomingMessage, res: ServerResponse): Exchange {
    return new Exchange(req, res, {
      nowMs: now(),
      random: options.random,
      registerVersion: compiled?.version ?? 0,
      consoleUrl: compiled?.snapshot.consoleUrl ?? "",
      receipt: (decisionId) => options.evidence.receipt?.(decisionId),
      trace: tracer.begin(req.headers),
      time: new CallTime(elapsed),
    });
  }

  function serve(
    req: IncomingMessage,
    res: ServerResponse,
    work: (exchange: Exchange, held: Compiled) => Promise<void>,
  ): void {
    const exchange = exchangeOf(req, res);
    if (compiled === undefined || draining) {
      exchange.refuse({
        ...refuse(
          "control_unavailable",
          draining ? "This gateway is shutting down." : "This gateway holds no register yet.",
          "Repeat the call shortly.",
        ),
        retryAfterSeconds: 1,
      });
      return;
    }
    if (open + unread >= limits.maxInFlight) {
      exchange.refuse({
        ...refuse("rate", "This gateway is at its limit of calls at once.", "Repeat the call shortly."),
        retryAfterSeconds: 1,
      });
      return;
    }
    open++;
    exchange.held = bytes.hold();
    const held = compiled;
    // What throws before it first waits fails this call alone, as what throws later does: never the process.
    new Promise<void>((done) => done(work(exchange, held)))
      .catch((error: unknown) => {
        options.log.error("call.failed", {
          decision: exchange.decisionId,
          error: error instanceof Error ? (error.stack ?? error.message) : String(error),
        });
        exchange.refuse(
          refuse(
            "control_unavailable",
            "The call failed inside the gateway and was refused.",
            "Tell the person who runs Mandate; the log says what failed.",
          ),
        );
        if (!res.writableEnded && res.headersSent) res.destroy();
      })
      .finally(() => {
        open--;
        added.add(exchange.time);
        untilRead(exchange);
        if (open === 0) idle?.();
      });
  }

  /**
   * A reply counts until its caller has it, and a caller who takes nothing of it is cut like one of a stream's: else answers
   * that nobody reads would pile up behind calls that are over.
   */
  function untilRead({ res, held }: Exchange): void {
    if (res.writableFinished || res.destroyed) return held?.release();
    unread++;
    const stuck = setTimeout(() => res.destroy(), limits.callerIdleMs).unref();
    const moves = (): void => void stuck.refresh();
    res.on("drain", moves);
    res.once("close", () => {
      clearTimeout(stuck);
      res.off("drain", moves);
      unread--;
      held?.release();
    });
  }

  function ready(): GatewayReadiness {
    const evidence = options.evidence.ready();
    const tiersRefused = compiled === undefined ? [...tiers] : refusedTiers(compiled);
    const anyTier = tiers.some((tier) => tier !== "X" && !tiersRefused.includes(tier));
    return {
      ready: compiled !== undefined && evidence && anyTier && !draining,
      registerVersion: compiled?.version ?? null,
      evidence,
      tiersRefused,
    };
  }

  function refusedTiers(held: Compiled) {
    const ageMs = now() - options.control.confirmedAt();
    const boundSeconds = new Map(
      held.snapshot.facts.systems.filter((system) => !isProbe(system.name)).map((system) => [system.tier, system.parameters.stalenessSeconds]),
    );
    const defaults = { T0: 300, T1: 120, T2: 30, T3: 5, X: 0 } as const;
    return tiers.filter((tier) => tier !== "X" && ageMs > (boundSeconds.get(tier) ?? defaults[tier]) * 1000);
  }

  return {
    handler: (req, res) => route(req, res, { runtime, serve, exchange: exchangeOf, countUnknown, ready }),
    authzen: (req: IncomingMessage, res: ServerResponse, caller: AuthzenCaller | null) =>
      serve(req, res, (exchange, held) => handleAuthzen(runtime, exchange, held, caller, countUnknown)),
    ready,
    killSystem(name) {
      for (const call of runtime.running) {
        if (call.system === name)
          call.cut(
            refuse(
              "system_suspended",
              "The system's calls were stopped while this one ran.",
              { text: "One of its owners can resume it.", command: `mandate system resume ${name}` },
              name,
            ),
          );
      }
    },
    async close() {
      draining = true;
      unsubscribe();
      mcp.endStreams();
      if (open > 0) {
        const drained = new Promise<void>((resolve) => (idle = resolve));
        const timer = setTimeout(() => {
          for (const call of runtime.running)
            call.cut(refuse("control_unavailable", "This gateway is shutting down.", "Repeat the call shortly."));
        }, limits.drainMs);
        await drained;
        clearTimeout(timer);
      }
      await mcp.close();
      await runtime.upstream.close();
    },
    added,
    counts: () => ({ inFlight: open, bytesInFlight: bytes.held, unauthenticated: Object.fromEntries(unauthenticated) }),
  };
}
