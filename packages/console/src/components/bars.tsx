import { Link } from "@tanstack/react-router";
import type { Activity, Expiring } from "../api-types.ts";
import { clock, count, date, daysUntil, timeLeft } from "../format.ts";
import { system as systemWords } from "../text/system.ts";
import { overview as overviewWords } from "../text/overview.ts";
import { Glyph } from "./status.tsx";

/** Allowed above the line, held and denied below it, an hour a bar. */
export function HourBars({ activity }: { activity: Activity }) {
  const { hours, totals } = activity;
  const top = Math.max(10, ...hours.map((hour) => hour.allow));
  const low = Math.max(1, ...hours.map((hour) => hour.hold + hour.deny));
  const step = 284 / Math.max(1, hours.length);
  const up = 58;
  const down = 22;
  return (
    <figure className="hours">
      <svg viewBox="0 0 320 106" role="img" aria-label={systemWords.hourSummary(totals.allow, totals.hold, totals.deny)}>
        <path className="grid" d={`M0 8.5H284M0 ${8.5 + up / 2}H284M0 ${8 + up + 0.5}H284`} />
        <text x="318" y="12" textAnchor="end">
          {count(top)}
        </text>
        <text x="318" y={12 + up / 2} textAnchor="end">
          {count(Math.round(top / 2))}
        </text>
        {hours.map((hour, index) => {
          const x = index * step + 1;
          const h = (up * hour.allow) / top;
          const held = hour.hold === 0 ? 0 : Math.max(2, (down * hour.hold) / low);
          const denied = hour.deny === 0 ? 0 : Math.max(2, (down * hour.deny) / low);
          return (
            <g key={hour.at}>
              <rect className="bar-allow" x={x} y={8 + up - h} width={step - 2} height={h} />
              <rect className="bar-hold" x={x} y={8 + up + 2} width={step - 2} height={held} />
              <rect className="bar-deny" x={x} y={8 + up + 2 + held} width={step - 2} height={denied} />
              {index % 6 === 0 && (
                <text className="hour" x={x} y="104">
                  {clock(hour.at).slice(0, 5)}
                </text>
              )}
            </g>
          );
        })}
      </svg>
    </figure>
  );
}

const maxSpanDays = 120;

/** Soonest end first; bars share one scale of days from today. */
export function ExpiryBars({ items }: { items: readonly Expiring[] }) {
  const rows = items
    .toSorted((a, b) => Date.parse(a.ends ?? "9999-01-01") - Date.parse(b.ends ?? "9999-01-01"))
    .slice(0, 12);
  const longest = Math.max(30, ...rows.map((row) => (row.ends === null ? 0 : daysUntil(row.ends))));
  // What ends soon is the question: a year's bar would squeeze it, so it is cut at the edge and says its days.
  const span = Math.min(longest, maxSpanDays) * 1.16;
  const ticks: { days: number; word: string }[] = [];
  const month = new Date();
  for (let ahead = 1; ahead < 14; ahead += 1) {
    const at = Date.UTC(month.getUTCFullYear(), month.getUTCMonth() + ahead, 1);
    const days = (at - Date.now()) / 86_400_000;
    if (days > span * 0.1 && days < span * 0.94)
      ticks.push({ days, word: date(new Date(at).toISOString()).replace(/ 20\d\d$/, "") });
  }
  const every = Math.ceil(ticks.length / 3);
  return (
    <div className="expiry" role="table" aria-label={overviewWords.running}>
      <div className="expiry-row expiry-head" role="row">
        <span role="columnheader">{overviewWords.system}</span>
        <span role="columnheader" className="expiry-track">
          <span>{overviewWords.today}</span>
          {ticks
            .filter((_, index) => index % every === 0)
            .map((tick) => (
              <span key={tick.days} className="expiry-tick" style={{ left: `${(100 * tick.days) / span}%` }}>
                {tick.word}
              </span>
            ))}
        </span>
        <span role="columnheader">{overviewWords.tier}</span>
      </div>
      {rows.map((row) => {
        const left = row.ends === null ? 0 : daysUntil(row.ends);
        const over = row.ends !== null && Date.parse(row.ends) <= Date.now();
        return (
          <div className="expiry-row" role="row" key={row.name} data-row="">
            <span role="cell">
              <Link to="/systems/$name" params={{ name: row.name }} className="row-link">
                {row.title}
              </Link>
            </span>
            <span role="cell" className="expiry-track expiry-body">
              {over || row.ends === null ? (
                <span className="expiry-over">
                  <Glyph mark="deny" />{" "}
                  {overviewWords.expired(row.ends === null ? "" : date(row.ends), row.type === "pilot")}
                </span>
              ) : (
                <>
                  <i
                    className={`expiry-bar ${row.type === "pilot" ? "is-pilot" : left <= 30 ? "is-soon" : ""} ${left > maxSpanDays ? "is-beyond" : ""}`}
                    style={{ width: `${(84 * Math.min(left, maxSpanDays * 1.04)) / span}%` }}
                  />
                  <span className="muted">
                    {left <= 1 ? overviewWords.left(timeLeft(row.ends)) : overviewWords.days(left)}
                  </span>
                </>
              )}
            </span>
            <span role="cell">{row.tier}</span>
          </div>
        );
      })}
    </div>
  );
}
