import type { KeyObject } from "node:crypto";
import type { ServerResponse } from "node:http";
import type { ProbeCall, ProbeMet } from "@mandate/gateway";
import { packChange, packWhole } from "@mandate/gateway/remote";
import type { StreamMessage } from "@mandate/gateway/remote";
import type { Publisher } from "../publisher/index.ts";
import { narrowing } from "./narrowed.ts";
import { ProbeQuestions } from "./probe-questions.ts";
import { SessionQuestions } from "./session-questions.ts";
import { SnapshotFeed } from "./snapshot-feed.ts";
import type { Step } from "./snapshot-feed.ts";
import type { EnrolledGateway } from "./store.ts";

const heartbeatMs = 500;
const drainWithinMs = 5_000;
/** A healthy one answers in a few milliseconds, one that writes its journal in a second. */
const answersWithinMs = 6_000;
/** A gateway that reads this slowly is cut; it comes back and gets the newest snapshot alone. */
const maxBufferedBytes = 256 * 1024 * 1024;

interface Link {
  readonly gateway: EnrolledGateway;
  readonly stream: ServerResponse;
  readonly feed: SnapshotFeed;
  /** Format that both sides speak. */
  readonly format: number;
  /** It can be asked what a session has seen. */
  readonly sessions: boolean;
  /** It can be asked to call itself. */
  readonly probes: boolean;
  /** Newest version it said it enforces. */
  version: number;
  /** Where that stands in the chain; null in format 1, or before it said so. */
  chain: string | null;
  readonly close: () => void;
}

/** What a gateway says it holds when it comes. */
export interface Holds {
  readonly version: number;
  readonly chain: string | null;
  readonly format: number;
  /** It answers what a session has seen; absent: a release before. */
  readonly sessions?: boolean;
  /** It can be probed; absent: a release before. */
  readonly probes?: boolean;
}

interface Waiting {
  readonly done: () => void;
  readonly missing: Set<Link>;
}

/** The control streams of stand-alone gateways: what each was sent, and what each has said it enforces. */
export class GatewayLinks {
  readonly #publisher: Publisher;
  /** One for each set of systems that gateways serve, made for the first of them that comes: nobody else pays for it. */
  readonly #feeds = new Map<string, SnapshotFeed>();
  readonly #key: KeyObject;
  readonly #now: () => number;
  readonly #random: (bytes: Uint8Array) => Uint8Array;
  readonly #links = new Set<Link>();
  readonly #drains = new Map<number, Waiting>();
  #drainId = 0;
  #acknowledged: (() => void)[] = [];
  readonly sessions: SessionQuestions;
  readonly probes = new ProbeQuestions();

  constructor(options: { publisher: Publisher; key: KeyObject; now: () => number; random: (bytes: Uint8Array) => Uint8Array }) {
    this.#publisher = options.publisher;
    this.#key = options.key;
    this.#now = options.now;
    this.#random = options.random;
    this.sessions = new SessionQuestions({
      now: options.now,
      holders: () =>
        [...this.#links].map(({ gateway, sessions, stream }) => ({ id: gateway.id, answers: sessions, ask: (ask, id) => void stream.write(`${JSON.stringify({ type: "session", ask, id } satisfies StreamMessage)}\n`) })),
    });
  }

  #feedOf({ serves }: EnrolledGateway): SnapshotFeed {
    const key = serves === null ? "" : JSON.stringify(serves.toSorted());
    let feed = this.#feeds.get(key);
    if (feed === undefined) this.#feeds.set(key, (feed = new SnapshotFeed(this.#publisher, serves === null ? undefined : narrowing(serves))));
    return feed;
  }

  /** What it holds already decides what it is sent: the changes since, or the whole. */
  open(gateway: EnrolledGateway, stream: ServerResponse, holds: Holds): void {
    // A second stream of the same process takes over: the first may hang in a connection that nobody closed.
    for (const link of this.#links) if (link.gateway.id === gateway.id) link.close();
    const feed = this.#feedOf(gateway);
    const to = { gateway: gateway.id, sealingKey: gateway.sealingKey };
    const from = { signing: this.#key, random: this.#random };
    const send = (message: StreamMessage): void => {
      if (stream.writableLength > maxBufferedBytes) link.close();
      else stream.write(`${JSON.stringify(message)}\n`);
    };
    const sendWhole = (): void => {
      const whole = feed.whole();
      if (whole === undefined) return;
      const { version, open, secret, chain } = whole;
      send(packWhole({ version, open, secret, ...(holds.format < 2 ? {} : { chain }) }, to, from));
    };
    const sendStep = (step: Step): void => (holds.format < 2 ? sendWhole() : send(packChange(step, to, from)));
    const unsubscribe = feed.subscribe(sendStep);
    const beat = setInterval(() => send({ type: "confirm", version: this.#publisher.current.version, ...(holds.format < 2 || feed.chain === undefined ? {} : { chain: feed.chain }), at: this.#now(), ageMs: Math.max(0, this.#now() - this.#publisher.confirmedAt()) }), heartbeatMs);
    const link: Link = {
      gateway,
      stream,
      feed,
      format: holds.format,
      sessions: holds.sessions === true,
      probes: holds.probes === true,
      version: holds.version,
      chain: holds.chain,
      close: () => {
        unsubscribe();
        clearInterval(beat);
        if (this.#links.delete(link)) {
          this.sessions.left(gateway.id);
          this.probes.left(gateway.id);
        }
        for (const waiting of this.#drains.values()) this.#settle(waiting, link);
        this.#acknowledge();
        stream.end();
      },
    };
    this.#links.add(link);
    stream.once("close", link.close);
    stream.once("error", link.close);
    const missed = feed.since(holds.chain);
    if (missed === undefined || holds.format < 2) sendWhole();
    else for (const step of missed) sendStep(step);
  }

  acknowledge(id: string, version: number, chain: string | null): void {
    for (const link of this.#links)
      if (link.gateway.id === id) {
        link.version = Math.max(link.version, version);
        link.chain = chain;
      }
    this.#acknowledge();
  }

  #acknowledge(): void {
    const waiting = this.#acknowledged;
    this.#acknowledged = [];
    for (const done of waiting) done();
  }

  /** Resolves when every connected gateway has said that it enforces `version`. The caller bounds the wait. */
  async confirmed(version: number): Promise<void> {
    while ([...this.#links].some((link) => !this.#enforces(link, version))) await new Promise<void>((done) => this.#acknowledged.push(done));
  }

  /** A chain of elsewhere says nothing about this register, whatever number came with it. */
  #enforces(link: Link, version: number): boolean {
    return link.version >= version && (link.format < 2 || (link.chain !== null && link.feed.since(link.chain) !== undefined));
  }

  /** Asks every connected gateway for its journal and waits for it, 5 s at most. */
  async drain(): Promise<void> {
    await this.#asked([...this.#links], drainWithinMs);
  }

  /** Whether a process of this gateway is there: what hangs on a dead connection doesn't answer. */
  async answers(id: string): Promise<boolean> {
    const links = [...this.#links].filter((link) => link.gateway.id === id);
    return links.length > 0 && (await this.#asked(links, answersWithinMs));
  }

  /** @returns whether all of them pushed what they had in time, none by going away */
  async #asked(links: readonly Link[], withinMs: number): Promise<boolean> {
    if (links.length === 0) return true;
    const id = ++this.#drainId;
    const inTime = await new Promise<boolean>((resolve) => {
      const timer = setTimeout(() => resolve(false), withinMs);
      const waiting: Waiting = { missing: new Set(links), done: () => (clearTimeout(timer), resolve(true)) };
      this.#drains.set(id, waiting);
      for (const link of links) link.stream.write(`${JSON.stringify({ type: "drain", id } satisfies StreamMessage)}\n`);
    });
    this.#drains.delete(id);
    return inTime && links.every((link) => this.#links.has(link));
  }

  drained(id: string, drain: number): void {
    const waiting = this.#drains.get(drain);
    if (waiting === undefined) return;
    for (const link of waiting.missing) if (link.gateway.id === id) this.#settle(waiting, link);
  }

  #settle(waiting: Waiting, link: Link): void {
    waiting.missing.delete(link);
    if (waiting.missing.size === 0) waiting.done();
  }

  /** Has a gateway call itself with keys that are there to be refused. @returns null: it isn't connected, is of a release before, or didn't say */
  probe(id: string, calls: readonly ProbeCall[]): Promise<readonly (ProbeMet | null)[] | null> {
    const link = [...this.#links].find((one) => one.gateway.id === id);
    if (link?.probes !== true) return Promise.resolve(null);
    return this.probes.ask(id, calls, (ask) => void link.stream.write(`${JSON.stringify({ type: "probe", ask, calls } satisfies StreamMessage)}\n`));
  }

  /** Whether it could be probed now. */
  canBeProbed(id: string): boolean {
    return [...this.#links].some((one) => one.gateway.id === id && one.probes);
  }

  /** What each connected gateway enforces, by id; `isNewest`: exactly what the control plane enforces now. */
  enforced(): ReadonlyMap<string, { readonly version: number; readonly isNewest: boolean; readonly format: number }> {
    const { version } = this.#publisher.current;
    return new Map(
      [...this.#links].map((link) => [
        link.gateway.id,
        { version: link.version, format: link.format, isNewest: link.version === version && (link.format < 2 || link.chain === link.feed.chain) },
      ]),
    );
  }

  cut(id: string): void {
    for (const link of this.#links) if (link.gateway.id === id) link.close();
  }

  close(): void {
    for (const feed of this.#feeds.values()) feed.close();
    for (const link of this.#links) link.close();
  }
}
