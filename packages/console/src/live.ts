import { useSyncExternalStore } from "react";
import { client, queries } from "./api.ts";

export type LiveState = "live" | "connecting" | "stale" | "paused";
interface Snapshot {
  readonly state: LiveState;
  readonly since: number;
}

// One connection a page. A change names kinds; their queries are asked again, at most once a second.
// The server writes at least every 15 s: a connection silent for longer is taken for cut, though no end was told.
const silentMs = 20_000;
let lastHeard = Date.now();
let snapshot: Snapshot = { state: "connecting", since: lastHeard };
let stop: AbortController | undefined;
let pending: Set<string> | undefined;
const watchers = new Set<() => void>();

function set(state: LiveState): void {
  if (snapshot.state === state) return;
  snapshot = { state, since: lastHeard };
  for (const watcher of watchers) watcher();
}

function refresh(kinds: readonly string[]): void {
  if (pending !== undefined) {
    for (const kind of kinds) pending.add(kind);
    return;
  }
  pending = new Set(kinds);
  setTimeout(() => {
    const asked = pending ?? new Set<string>();
    pending = undefined;
    asked.add("overview");
    void queries.invalidateQueries({ predicate: (query) => asked.has(String(query.queryKey[0])) });
  }, 1000);
}

function read(event: string, data: unknown): void {
  if (event === "decision") refresh(["decisions"]);
  if (event !== "change" || typeof data !== "object" || data === null) return;
  const { kinds } = data as { kinds?: unknown };
  if (Array.isArray(kinds)) refresh(kinds.filter((kind): kind is string => typeof kind === "string"));
}

export async function startLive(): Promise<void> {
  if (stop !== undefined) return;
  const own = new AbortController();
  stop = own;
  for (let waitMs = 1000; !own.signal.aborted; waitMs = Math.min(30_000, waitMs * 2)) {
    const connection = new AbortController();
    const cut = (): void => connection.abort();
    const started = Date.now();
    const watch = setInterval(() => (Date.now() - Math.max(started, lastHeard) > silentMs ? cut() : undefined), 1000);
    own.signal.addEventListener("abort", cut);
    addEventListener("offline", cut);
    try {
      set(snapshot.state === "stale" ? "stale" : "connecting");
      const onAlive = (): void => {
        lastHeard = Date.now();
        waitMs = 1000;
        set("live");
      };
      for await (const { event, data } of client.events({ signal: connection.signal, onAlive })) read(event, data);
    } catch {
      if (own.signal.aborted) return;
    } finally {
      clearInterval(watch);
      own.signal.removeEventListener("abort", cut);
      removeEventListener("offline", cut);
    }
    if (own.signal.aborted) return;
    set("stale");
    await backOnline(waitMs);
  }
}

/** After `waitMs`, or as soon as the browser says that the network is back. */
async function backOnline(waitMs: number): Promise<void> {
  await new Promise<void>((resolve) => {
    const go = (): void => {
      clearTimeout(timer);
      removeEventListener("online", go);
      resolve();
    };
    const timer = setTimeout(go, waitMs);
    addEventListener("online", go);
  });
}

export function toggleLive(): void {
  if (stop === undefined) {
    void startLive();
    return;
  }
  stop.abort();
  stop = undefined;
  set("paused");
}

export function useLive(): Snapshot {
  return useSyncExternalStore(
    (watcher) => {
      watchers.add(watcher);
      return () => watchers.delete(watcher);
    },
    () => snapshot,
  );
}
