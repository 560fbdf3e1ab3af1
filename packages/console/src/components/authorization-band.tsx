import { Link } from "@tanstack/react-router";
import type { Mark, SystemView } from "../api-types.ts";
import { count, date, daysUntil, timeLeft } from "../format.ts";
import { t } from "../text.ts";
import { band as bandWords, system as systemWords } from "../text/system.ts";
import { nameOf, Status } from "./status.tsx";

interface Standing {
  readonly mark: Mark;
  readonly words: string;
}

/** One sentence for what the system may do now: lifecycle, then authorization, then the clock. */
export function standingOf(system: SystemView, now = Date.now()): Standing {
  const grant = system.authorization;
  if (system.lifecycle === "retired") return { mark: "unknown", words: bandWords.retired };
  if (system.lifecycle === "suspended") return { mark: "deny", words: bandWords.suspended };
  if (grant === null) return { mark: "hold", words: bandWords.proposed };
  if (
    grant.state === "expired" ||
    (grant.state.startsWith("granted") && grant.ends !== null && Date.parse(grant.ends) <= now)
  )
    return {
      mark: "deny",
      words: grant.ends === null ? (t.statusCode["authorization_expired"] ?? "") : bandWords.expired(date(grant.ends)),
    };
  if (grant.state === "reassessment_required") return { mark: "deny", words: bandWords.reassess };
  if (!grant.state.startsWith("granted")) return { mark: "hold", words: bandWords.waiting };
  if (system.status !== "operating" && system.status !== "restricted")
    return { mark: "deny", words: t.statusCode[system.statusCode ?? ""] ?? bandWords.proposed };
  if (grant.state === "granted_with_conditions") return { mark: "allow", words: bandWords.conditions };
  return { mark: "allow", words: grant.type === "pilot" ? bandWords.pilot : bandWords.production };
}

export function AuthorizationBand({ system, action }: { system: SystemView; action?: React.ReactNode }) {
  const { mark, words } = standingOf(system);
  const grant = system.authorization;
  const left = grant === null || grant.ends === null ? 0 : Math.max(0, daysUntil(grant.ends));
  const approvers = grant?.approvers ?? [];
  return (
    <section className={`band band-${mark}${grant === null || grant.ends === null ? " band-plain" : ""}`} aria-label={words}>
      <div className="band-state">
        <Status mark={mark} chip>
          {words}
        </Status>
        <p className="band-number">
          {grant?.number === undefined ? (
            <span>{grant === null ? bandWords.noAuthorization : grant.id}</span>
          ) : (
            <span>{bandWords.number(grant.number)}</span>
          )}
          {system.versionNumber !== undefined && <small>{bandWords.version(system.versionNumber)}</small>}
        </p>
        <p className="small muted">
          {grant === null
            ? `${bandWords.missing}: ${(system.missing ?? []).map((part) => systemWords.lacks[part] ?? part).join(", ") || t.cantTell}`
            : approvers.length > 0
              ? bandWords.approvedBy(
                  approvers
                    .map((person) => (person.name.includes("@") ? nameOf(person.name) : person.name))
                    .join(", ")
                    .replace(/, ([^,]*)$/, " and $1"),
                  date(approvers[0]?.at ?? ""),
                )
              : (grant.starts ?? null) === null
                ? bandWords.notGranted
                : bandWords.grantedOn(date(grant.starts ?? ""))}{" "}
          {grant !== null && (
            <Link to="/systems/$name" params={{ name: system.name }} search={{ tab: "changes" }}>
              {systemWords.seeDecision}
            </Link>
          )}
        </p>
      </div>
      {grant !== null && grant.ends !== null && <Rail system={system} />}
      {grant !== null && grant.ends !== null && (
        <div className="band-left">
          <span className="big-number">{left === 1 ? timeLeft(grant.ends) : count(left)}</span>
          <span>
            <b>{left === 1 ? systemWords.left : systemWords.daysLeft(left)}</b>
            <span className="muted small block">{mark === "allow" ? systemWords.thenRefused : words}</span>
          </span>
          {action}
        </div>
      )}
    </section>
  );
}

/** Pilot, production, today, review, expiry on one line of time. Labels above are now and next, below are the terms. */
function Rail({ system }: { system: SystemView }) {
  const grant = system.authorization;
  if (grant === null || grant.ends === null) return null;
  const ends = Date.parse(grant.ends);
  const grantStarts = Date.parse(grant.starts ?? new Date(ends - 90 * 86_400_000).toISOString());
  const begins = grant.pilotStarts === undefined ? grantStarts : Math.min(grantStarts, Date.parse(grant.pilotStarts));
  const now = Date.now();
  const until = Math.max(ends, Math.min(now, ends + (ends - begins) * 0.15));
  const x = (at: number): number => Math.min(100, Math.max(0, (100 * (at - begins)) / Math.max(1, until - begins)));
  const ended = now >= ends;
  const marks: { at: number; word: string; up: boolean }[] = [
    ...(begins < grantStarts ? [{ at: begins, word: bandWords.pilotMark, up: false }] : []),
    { at: grantStarts, word: grant.type === "pilot" ? bandWords.pilotMark : bandWords.productionMark, up: false },
    { at: Math.min(now, until), word: bandWords.today, up: true },
    ...(grant.reviewDue === undefined ? [] : [{ at: Date.parse(grant.reviewDue), word: bandWords.review, up: true }]),
    { at: ends, word: ended ? bandWords.ended : bandWords.expires, up: false },
  ];
  const summary = marks.map((mark) => `${mark.word} ${date(new Date(mark.at).toISOString())}`).join(", ");
  return (
    <div className="rail" role="img" aria-label={`${bandWords.rail}: ${summary}`}>
      <div className="rail-line">
        {begins < grantStarts && <i className="rail-pilot" style={{ left: 0, width: `${x(grantStarts)}%` }} />}
        <i
          className={`rail-rest ${ended ? "rail-over" : ""}`}
          style={{ left: `${x(grantStarts)}%`, width: `${x(ends) - x(grantStarts)}%` }}
        />
        <i
          className={grant.type === "pilot" ? "rail-pilot" : "rail-done"}
          style={{ left: `${x(grantStarts)}%`, width: `${Math.max(0, x(Math.min(now, ends)) - x(grantStarts))}%` }}
        />
        {marks.map((mark) => (
          <span
            key={mark.word + mark.at}
            className={`rail-mark ${mark.up ? "up" : "down"} ${mark.word === bandWords.review ? "is-review" : ""} ${x(mark.at) > 88 ? "at-end" : x(mark.at) < 12 ? "at-start" : ""}`}
            style={{ left: `${x(mark.at)}%` }}
          >
            <i />
            <span>
              <b>{mark.word}</b>
              <small>{date(new Date(mark.at).toISOString())}</small>
            </span>
          </span>
        ))}
      </div>
    </div>
  );
}
