import type { KeyObject } from "node:crypto";
import type { ServerResponse } from "node:http";
import { packSnapshot } from "@mandate/gateway/remote";
import type { StreamMessage } from "@mandate/gateway/remote";
import type { Publisher } from "../publisher/index.ts";
import type { EnrolledGateway } from "./store.ts";

const heartbeatMs = 500;
const drainWithinMs = 5_000;
/** A gateway that reads this slowly is cut; it comes back and gets the newest snapshot alone. */
const maxBufferedBytes = 256 * 1024 * 1024;

interface Link {
  readonly gateway: EnrolledGateway;
  readonly stream: ServerResponse;
  /** Newest version it said it enforces. */
  version: number;
  readonly close: () => void;
}

interface Waiting {
  readonly done: () => void;
  readonly missing: Set<Link>;
}

/** The control streams of stand-alone gateways: what each was sent, and what each has said it enforces. */
export class GatewayLinks {
  readonly #publisher: Publisher;
  readonly #key: KeyObject;
  readonly #now: () => number;
  readonly #random: (bytes: Uint8Array) => Uint8Array;
  readonly #links = new Set<Link>();
  readonly #drains = new Map<number, Waiting>();
  #drainId = 0;
  #acknowledged: (() => void)[] = [];

  constructor(options: { publisher: Publisher; key: KeyObject; now: () => number; random: (bytes: Uint8Array) => Uint8Array }) {
    this.#publisher = options.publisher;
    this.#key = options.key;
    this.#now = options.now;
    this.#random = options.random;
  }

  /** @param knownVersion what the gateway holds already, so that a short break sends nothing twice */
  open(gateway: EnrolledGateway, stream: ServerResponse, knownVersion: number): void {
    // A second stream of the same slot takes over: the first may hang in a connection that nobody closed.
    for (const link of this.#links) if (link.gateway.id === gateway.id) link.close();
    const send = (message: StreamMessage): void => {
      if (stream.writableLength > maxBufferedBytes) link.close();
      else stream.write(`${JSON.stringify(message)}\n`);
    };
    const unsubscribe = this.#publisher.port().subscribe((snapshot) => {
      if (snapshot.version > knownVersion) send(packSnapshot(snapshot, { gateway: gateway.id, sealingKey: gateway.sealingKey }, this.#key, this.#random));
    });
    const beat = setInterval(() => send({ type: "confirm", version: this.#publisher.current.version, at: this.#now(), ageMs: Math.max(0, this.#now() - this.#publisher.confirmedAt()) }), heartbeatMs);
    const link: Link = {
      gateway,
      stream,
      version: knownVersion,
      close: () => {
        unsubscribe();
        clearInterval(beat);
        this.#links.delete(link);
        for (const waiting of this.#drains.values()) this.#settle(waiting, link);
        this.#acknowledge();
        stream.end();
      },
    };
    this.#links.add(link);
    stream.once("close", link.close);
    stream.once("error", link.close);
  }

  acknowledge(id: string, version: number): void {
    for (const link of this.#links) if (link.gateway.id === id) link.version = Math.max(link.version, version);
    this.#acknowledge();
  }

  #acknowledge(): void {
    const waiting = this.#acknowledged;
    this.#acknowledged = [];
    for (const done of waiting) done();
  }

  /** Resolves when every connected gateway has said that it enforces `version`. The caller bounds the wait. */
  async confirmed(version: number): Promise<void> {
    while ([...this.#links].some((link) => link.version < version)) await new Promise<void>((done) => this.#acknowledged.push(done));
  }

  /** Asks every connected gateway for its journal and waits for it, 5 s at most. */
  async drain(): Promise<void> {
    if (this.#links.size === 0) return;
    const id = ++this.#drainId;
    const all = new Set(this.#links);
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, drainWithinMs);
      const waiting: Waiting = { missing: all, done: () => (clearTimeout(timer), resolve()) };
      this.#drains.set(id, waiting);
      for (const link of all) link.stream.write(`${JSON.stringify({ type: "drain", id } satisfies StreamMessage)}\n`);
    });
    this.#drains.delete(id);
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

  /** Version each connected gateway enforces, by id. */
  versions(): ReadonlyMap<string, number> {
    return new Map([...this.#links].map((link) => [link.gateway.id, link.version]));
  }

  cut(id: string): void {
    for (const link of this.#links) if (link.gateway.id === id) link.close();
  }

  close(): void {
    for (const link of this.#links) link.close();
  }
}
