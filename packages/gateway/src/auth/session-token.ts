import { createHmac, hash, timingSafeEqual } from "node:crypto";
import { cleanLabels, newId, sensitivities, type SessionLabels } from "@mandate/model";
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

export interface SessionBooks {
  /** What the caller's header stands for. A client's own id can only raise labels, never lower them. */
  open(header: string | undefined, system: string, credentialId: string): Session | null;
  /** What the session is known to have seen by now; a token of earlier says less. */
  floor(id: string): SessionLabels;
  /** Remembers what the session has now seen and returns the token that replaces the caller's. */
  close(session: Session, labels: SessionLabels, system: string, credentialId: string): string;
}

const maxSessions = 50_000;
const lifetimeMs = 24 * 3_600_000;
/**
 * What another gateway, or this one before it started anew, gave out is believed for so long: what the session saw since
 * is known there alone. Enough to move a conversation, too little to keep a clean token for later.
 */
const foreignForMs = 60_000;

/**
 * Sessions as tokens: `mss1.PAYLOAD.MAC`, HMAC-SHA-256 over payload. The state travels with the caller, and a caller who
 * keeps an older token, to forget what the session saw since, meets the floor kept here for each session. INVARIANT:
 * where that floor can't be known, the session is untrusted: a token of this process whose floor was forgotten, and an
 * older one of any other.
 */
export function createSessionBooks(init: {
  key: () => Uint8Array;
  clock: () => number;
  random: (bytes: Uint8Array) => Uint8Array;
}): SessionBooks {
  const floors = new Recent<SessionLabels>(maxSessions);
  const self = Buffer.from(init.random(new Uint8Array(9))).toString("base64url");
  const mac = (payload: string) => createHmac("sha256", init.key()).update(payload).digest();

  function floorOf(id: string): SessionLabels {
    return floors.get(id) ?? cleanLabels;
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
      /** Who gave it out; absent: a release before. */
      by?: string;
      labels: SessionLabels;
    };
    if (claims.sys !== system || claims.exp <= init.clock()) return undefined;
    const known = claims.by === self ? floors.has(claims.sid) : claims.exp - lifetimeMs > init.clock() - foreignForMs;
    const labels = known ? claims.labels : joinLabels(claims.labels, { ...cleanLabels, untrusted: true });
    return { id: claims.sid, labels: joinLabels(labels, floorOf(claims.sid)) };
  }

  return {
    floor: floorOf,
    open(header, system, credentialId) {
      if (header === undefined || header === "") return null;
      const tainted: SessionLabels = { ...cleanLabels, untrusted: true };
      if (header.startsWith("mss1.")) {
        // A token that isn't ours, another system's, or one past its end says nothing about what was seen.
        return read(header, system) ?? { id: newId("session", init.clock(), init.random), labels: tainted };
      }
      const id = `ses_${hash("sha256", `${system}\n${credentialId}\n${header.slice(0, 512)}`, "hex").slice(0, 32)}`;
      return { id, labels: floorOf(id) };
    },
    close(session, labels, system) {
      const joined = joinLabels(session.labels, labels);
      floors.set(session.id, joined);
      const payload = Buffer.from(
        JSON.stringify({ sid: session.id, sys: system, exp: init.clock() + lifetimeMs, by: self, labels: joined }),
      ).toString("base64url");
      return `mss1.${payload}.${mac(payload).toString("base64url")}`;
    },
  };
}
