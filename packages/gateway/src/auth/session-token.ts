import { createHmac, hash, timingSafeEqual } from "node:crypto";
import { cleanLabels, newId, sensitivities, type SessionLabels, type SystemFacts } from "@mandate/model";
import type { ControlPort } from "../control-port.ts";
import { Recent } from "../recent.ts";

/** Labels of two sources together: they only rise; purposes only shrink. */
export function joinLabels(a: SessionLabels, b: SessionLabels): SessionLabels {
  if (a === cleanLabels) return b;
  if (b === cleanLabels) return a;
  return {
    maxSensitivity:
      sensitivities.indexOf(a.maxSensitivity) >= sensitivities.indexOf(b.maxSensitivity)
        ? a.maxSensitivity
        : b.maxSensitivity,
    untrusted: a.untrusted || b.untrusted,
    residency: union(a.residency, b.residency),
    classes: union(a.classes, b.classes),
    purposes:
      a.purposes === null
        ? b.purposes
        : b.purposes === null
          ? a.purposes
          : a.purposes.filter((purpose) => b.purposes!.includes(purpose)),
  };
}

function union(a: readonly string[], b: readonly string[]): readonly string[] {
  return [...new Set([...a, ...b])];
}

export interface Session {
  readonly id: string;
  readonly labels: SessionLabels;
}

type Whose = Pick<SystemFacts, "name" | "boundary">;

export interface SessionBooks {
  /**
   * Asks the other gateways what the caller's session has seen, where this one can't know it alone. To be waited for before
   * `open`; undefined: nothing is to be asked.
   */
  settle(header: string | undefined, system: Whose, credentialId: string): Promise<void> | undefined;
  /** What the caller's header stands for. A client's own id can only raise labels, never lower them. */
  open(header: string | undefined, system: Whose, credentialId: string): Session | null;
  /** What the session is known to have seen by now; a token of earlier says less. */
  floor(id: string): SessionLabels;
  /** Remembers what the session has now seen and returns the token that replaces the caller's. */
  close(session: Session, labels: SessionLabels, system: string): string;
  /**
   * Resolves once no other gateway decides without what `close` wrote; to be waited for before what raised the labels is
   * released. Undefined: none did.
   */
  shared(id: string): Promise<void> | undefined;
  /** What this gateway knows of a session that another one goes on with; null: nothing. From then on it asks before it decides. */
  give(id: string): SessionLabels | null;
}

interface Known {
  labels: SessionLabels;
  /** No other gateway has seen the session since. */
  mine: boolean;
}

const maxSessions = 50_000;
const lifetimeMs = 24 * 3_600_000;

/** What can't be known is taken for the worst that the system may hold. */
export function worstLabels({ boundary }: Whose): SessionLabels {
  return { maxSensitivity: boundary.sensitivity, untrusted: true, residency: boundary.regions, classes: boundary.classes, purposes: null };
}

/**
 * Sessions as tokens: `mss1.PAYLOAD.MAC`, HMAC-SHA-256 over payload. The state travels with the caller, and a caller who
 * keeps an older token, to forget what the session saw since, meets the floor kept here for each session. A session
 * belongs to one gateway at a time, which alone needs nobody to know its floor; one that moves is asked for at all the
 * others, and whoever knew it asks in turn before deciding on it again. INVARIANT: where the floor can't be known, because
 * whoever kept it is gone or doesn't answer, the session is untrusted and as sensitive as its boundary allows.
 */
export function createSessionBooks(init: {
  key: () => Uint8Array;
  clock: () => number;
  random: (bytes: Uint8Array) => Uint8Array;
  /** The other gateways; absent: there are none. */
  take?: ControlPort["takeSession"];
}): SessionBooks {
  const known = new Recent<Known>(maxSessions);
  const moving = new Map<string, Promise<void>>();
  /** Asked for by another gateway while this one asked. */
  const movedOn = new Set<string>();
  const mac = (payload: string) => createHmac("sha256", init.key()).update(payload).digest();

  function floorOf(id: string): SessionLabels {
    return known.get(id)?.labels ?? cleanLabels;
  }

  function keep(id: string, labels: SessionLabels, mine: boolean): void {
    const held = known.get(id);
    if (held === undefined) return known.set(id, { labels, mine });
    held.labels = joinLabels(held.labels, labels);
    held.mine = mine;
  }

  function read(token: string, system: string): Session | undefined {
    const [version, payload, signature] = token.split(".");
    if (version !== "mss1" || payload === undefined || signature === undefined) return undefined;
    const given = Buffer.from(signature, "base64url");
    const right = mac(payload);
    if (given.length !== right.length || !timingSafeEqual(given, right)) return undefined;
    const claims = JSON.parse(Buffer.from(payload, "base64url").toString("utf8")) as {
      sid: string;
      sys: string;
      exp: number;
      labels: SessionLabels;
    };
    if (claims.sys !== system || claims.exp <= init.clock()) return undefined;
    return { id: claims.sid, labels: claims.labels };
  }

  function namedId(header: string, system: string, credentialId: string): string {
    return `ses_${hash("sha256", `${system}\n${credentialId}\n${header.slice(0, 512)}`, "hex").slice(0, 32)}`;
  }

  /** One question at a time for each session, so that two calls of one don't make it theirs twice. */
  function ask(id: string, isNew: boolean, worst: SessionLabels): Promise<void> {
    const asked = moving.get(id) ?? askOthers(id, isNew, worst).finally(() => moving.delete(id));
    moving.set(id, asked);
    return asked;
  }

  async function askOthers(id: string, isNew: boolean, worst: SessionLabels): Promise<void> {
    const { labels, complete } = await init.take!(id).catch(() => ({ labels: null, complete: false }));
    const mine = !movedOn.delete(id) && complete;
    // A name that nobody has heard of is new; a signed session that nobody knows was known once.
    if (labels !== null) keep(id, complete ? labels : joinLabels(labels, worst), mine);
    else keep(id, isNew && complete ? cleanLabels : worst, mine);
  }

  return {
    floor: floorOf,
    settle(header, system, credentialId) {
      if (init.take === undefined || header === undefined || header === "") return undefined;
      // A trace is too short to be worth a question, and its name alone vouches for nothing.
      if (header.startsWith("traceparent:")) return undefined;
      const isToken = header.startsWith("mss1.");
      const session = isToken ? read(header, system.name) : { id: namedId(header, system.name, credentialId), labels: cleanLabels };
      if (session === undefined || known.get(session.id)?.mine === true) return undefined;
      return ask(session.id, !isToken, worstLabels(system));
    },
    open(header, system, credentialId) {
      if (header === undefined || header === "") return null;
      if (!header.startsWith("mss1.")) {
        const id = namedId(header, system.name, credentialId);
        return { id, labels: floorOf(id) };
      }
      const session = read(header, system.name);
      // A token that isn't ours, another system's, or one past its end says nothing about what was seen.
      if (session === undefined) return { id: newId("session", init.clock(), init.random), labels: { ...cleanLabels, untrusted: true } };
      const floor = known.get(session.id);
      return { id: session.id, labels: joinLabels(session.labels, floor === undefined ? worstLabels(system) : floor.labels) };
    },
    close(session, labels, system) {
      const joined = joinLabels(session.labels, labels);
      const held = known.get(session.id);
      const rises = held !== undefined && !held.mine && !isSame(joinLabels(held.labels, joined), held.labels);
      if (held === undefined) known.set(session.id, { labels: joined, mine: true });
      else held.labels = joinLabels(held.labels, joined);
      // Another gateway went on with it while this call ran: it must ask again before it decides.
      if (rises && init.take !== undefined) void ask(session.id, true, cleanLabels);
      const payload = Buffer.from(JSON.stringify({ sid: session.id, sys: system, exp: init.clock() + lifetimeMs, labels: joined })).toString("base64url");
      return `mss1.${payload}.${mac(payload).toString("base64url")}`;
    },
    shared: (id) => moving.get(id),
    give(id) {
      if (moving.has(id)) movedOn.add(id);
      const held = known.get(id);
      if (held === undefined) return null;
      held.mine = false;
      return held.labels;
    },
  };
}

function isSame(a: SessionLabels, b: SessionLabels): boolean {
  return (
    a.maxSensitivity === b.maxSensitivity &&
    a.untrusted === b.untrusted &&
    a.residency.length === b.residency.length &&
    a.classes.length === b.classes.length &&
    a.purposes?.length === b.purposes?.length
  );
}
