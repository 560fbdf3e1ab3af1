import { useEffect, useRef, useState } from "react";
import { Failed } from "../../components/states.tsx";
import { Status } from "../../components/status.tsx";
import { policies as words } from "../../text/policies.ts";
import { Flips } from "./flips.tsx";
import { simulate } from "./queries.ts";
import type { Replayed, Spec } from "./queries.ts";

const dayMs = 86_400_000;
const days = 7;
const shownAtMost = 100;
const nothing: Replayed = { total: 0, replayable: 0, differences: 0, looser: 0, stricter: 0, shown: [] };

interface Tried {
  readonly of: Spec;
  readonly found: Replayed;
  /** Days gone through: all of them, or those until somebody stopped it. */
  readonly days: number;
}

export interface Trial {
  readonly tried: Tried | null;
  /** The day that is asked about, from 1; null while nothing runs. */
  readonly day: number | null;
  readonly error: unknown;
  readonly start: (spec: Spec) => void;
  readonly stop: () => void;
}

/** Day by day, newest first: what was found stands at once, and stopping loses nothing of it. */
export function useTrial(name: string): Trial {
  const [tried, setTried] = useState<Tried | null>(null);
  const [day, setDay] = useState<number | null>(null);
  const [error, setError] = useState<unknown>(null);
  const running = useRef<AbortController>(null);
  useEffect(() => () => running.current?.abort(), []);
  const run = async (of: Spec): Promise<void> => {
    running.current?.abort();
    const asking = new AbortController();
    running.current = asking;
    setError(null);
    setTried(null);
    const end = Date.now();
    let found = nothing;
    try {
      for (let at = 0; at < days; at += 1) {
        setDay(at + 1);
        const { result } = await simulate(name, of, { since: new Date(end - (at + 1) * dayMs).toISOString(), until: new Date(end - at * dayMs).toISOString() }, asking.signal);
        if (asking.signal.aborted) return;
        found = result === null ? found : added(found, result);
        setTried({ of, found, days: at + 1 });
      }
    } catch (cause) {
      if (!asking.signal.aborted) setError(cause);
    } finally {
      if (running.current === asking) {
        running.current = null;
        setDay(null);
      }
    }
  };
  return {
    tried,
    day,
    error,
    start: (spec) => void run(spec),
    stop: () => running.current?.abort(),
  };
}

function added(sum: Replayed, one: Replayed): Replayed {
  return {
    total: sum.total + one.total,
    replayable: sum.replayable + one.replayable,
    differences: sum.differences + one.differences,
    looser: sum.looser + one.looser,
    stricter: sum.stricter + one.stricter,
    shown: [...sum.shown, ...one.shown].slice(0, shownAtMost),
  };
}

/** How far it is, and what was found so far. */
export function TrialFound({ trial: { tried, day, error, start }, spec, otherwise }: { trial: Trial; spec: Spec | null; otherwise: string }) {
  return (
    <>
      {day !== null && (
        <p className="row wrap tight">
          <progress aria-label={words.tryIt} value={day - 1} max={days} /> <span role="status">{words.tryingDay(day, days)}</span>
        </p>
      )}
      {error !== null && <Failed error={error} what={words.tryIt} retry={() => spec !== null && start(spec)} />}
      {tried === null ? day === null && error === null && <p className="muted">{otherwise}</p> : <Found tried={tried} isRunning={day !== null} isStale={JSON.stringify(tried.of) !== JSON.stringify(spec)} />}
    </>
  );
}

function Found({ tried, isRunning, isStale }: { tried: Tried; isRunning: boolean; isStale: boolean }) {
  const { total, replayable, differences, looser, stricter, shown } = tried.found;
  const isWhole = tried.days === days;
  return (
    <>
      <p role="status">
        {/* A week that wasn't gone through whole is no all-clear. */}
        <Status mark={differences > 0 ? "hold" : isWhole ? "allow" : "unknown"}>{differences === 0 ? (isWhole ? words.noFlips : words.noFlipsYet) : words.flips(differences)}</Status>
        {differences > 0 && `: ${words.looser(looser)}, ${words.stricter(stricter)}`}
        <span className="muted"> {words.tried(replayable, total)}</span> {!isRunning && !isWhole && <span className="strong">{words.stopped(tried.days, days)}</span>} {isStale && <span className="strong">{words.stale}</span>}
      </p>
      {differences > 0 && <Flips label={words.flips(differences)} rows={shown} />}
      {differences > shown.length && <p className="muted small">{words.firstShown(shown.length)}</p>}
    </>
  );
}
