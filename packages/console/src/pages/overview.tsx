import { useQuery } from "@tanstack/react-query";
import { Link, useRouter } from "@tanstack/react-router";
import { overview } from "../api.ts";
import type { Overview } from "../api-types.ts";
import { ExpiryBars } from "../components/bars.tsx";
import { Empty, Loaded } from "../components/states.tsx";
import { Glyph } from "../components/status.tsx";
import { PageHead, Panel } from "../components/ui.tsx";
import { count } from "../format.ts";
import { railBelow, useMedia } from "../media.ts";
import { t } from "../text.ts";
import { overview as overviewWords } from "../text/overview.ts";
import { EvidenceSummaryPanel } from "./evidence-summary.tsx";
import { Controls } from "./overview-controls.tsx";
import { Gateways } from "./overview-gateways.tsx";

export function OverviewPage() {
  const query = useQuery(overview);
  return (
    <>
      <PageHead title={overviewWords.title}>
        <Link to="/evidence" search={{}} className="button">
          {overviewWords.export}
        </Link>
        <Link to="/register" className="button button-accent">
          {overviewWords.register}
        </Link>
      </PageHead>
      <Loaded query={query} what={overviewWords.title} rows={10}>
        {(data) => (data.counts.total === 0 ? <First /> : <Figures data={data} />)}
      </Loaded>
    </>
  );
}

function First() {
  return (
    <Panel title={overviewWords.emptyTitle}>
      <Empty
        title={overviewWords.empty}
        action={
          <Link to="/register" className="button button-accent">
            {overviewWords.register}
          </Link>
        }
        sample
      />
    </Panel>
  );
}

function Sentence({ data }: { data: Overview }) {
  const { counts, traffic } = data;
  const words = overviewWords.sentence;
  const known = traffic.known;
  const all = known === null ? 0 : known.gateway + known.outside + known.unknown;
  return (
    <p className="sentence">
      <Link to="/systems" search={{ status: "operating" }}>
        <b>
          {count(counts.operating)}
          {words.of}
          {count(counts.total)}
        </b>
      </Link>
      {words.run}
      {counts.pilot > 0 ? (
        <>
          {words.and}
          <Link to="/systems" search={{ lifecycle: "pilot" }}>
            <b>{count(counts.pilot)}</b>
          </Link>
          {words.pilot(counts.pilot)}
        </>
      ) : (
        words.stop
      )}
      {counts.expired > 0 && (
        <>
          <Link to="/systems" search={{ status: "refused" }} className="is-deny">
            <b>{words.expired(counts.expired)}</b>
          </Link>
          {words.refused(counts.expired)}
        </>
      )}
      {counts.waiting > 0 && (
        <>
          <Link to="/approvals" className="is-hold">
            <b>{words.wait(counts.waiting)}</b>
          </Link>
          {words.decision}
        </>
      )}
      {known === null || all === 0 ? words.noTraffic : words.traffic(`${((100 * known.gateway) / all).toFixed(0)}%`)}
    </p>
  );
}

function Figures({ data }: { data: Overview }) {
  const stacked = useMedia(railBelow);
  return (
    <>
      <Sentence data={data} />
      <div className="with-rail">
        <div className="stack">
          {stacked && <Needs items={data.needs} />}
          <Panel
            title={overviewWords.running}
            aside={
              <>
                <span className="legend">
                  <i className="legend-production" /> {overviewWords.production}
                </span>
                <span className="legend">
                  <i className="legend-pilot" /> {overviewWords.pilot}
                </span>
                <Link to="/systems" search={{}}>
                  {overviewWords.all(data.counts.total)}
                </Link>
              </>
            }
          >
            <ExpiryBars items={data.expiring} />
          </Panel>
          <Panel title={overviewWords.stands} aside={<span className="muted small">{overviewWords.select}</span>}>
            <Stands data={data} />
          </Panel>
        </div>
        <div className="stack">
          {!stacked && <Needs items={data.needs} />}
          <Traffic data={data} />
          <Gateways gateways={data.gateways} />
          <EvidenceSummaryPanel evidence={data.evidence} />
          <Controls />
        </div>
      </div>
    </>
  );
}

/** A list of so many is read whole. */
const foldAbove = 8;

/** What the reader can do first; what is others' turn below it. */
export function Needs({ items }: { items: Overview["needs"] }) {
  const yours = items.filter((need) => need.yours !== false);
  // The most urgent stand first; a long list would push what is measured off the page.
  const first = yours.length > foldAbove ? foldAbove - 2 : yours.length;
  const others = items.filter((need) => need.yours === false);
  return (
    <Panel
      title={overviewWords.needs}
      aside={yours.length > 0 ? <span className="bubble">{yours.length}</span> : undefined}
    >
      {yours.length === 0 ? (
        <p className="panel-body muted small">{overviewWords.nothingNeeds}</p>
      ) : (
        <>
          <NeedList items={yours.slice(0, first)} />
          {yours.length > first && (
            <details className="panel-fold">
              <summary className="panel-body muted small">{overviewWords.alsoYours(yours.length - first)}</summary>
              <NeedList items={yours.slice(first)} />
            </details>
          )}
        </>
      )}
      {others.length > 0 && (
        <details className="panel-fold" open={yours.length === 0}>
          <summary className="panel-body muted small">{overviewWords.othersTurn(others.length)}</summary>
          <NeedList items={others} />
        </details>
      )}
    </Panel>
  );
}

function NeedList({ items }: { items: Overview["needs"] }) {
  const { history } = useRouter();
  // Only paths of our own: what an answer names must not lead elsewhere.
  const own = (href: string): string => (/^\/(?![\\/])/.test(href) ? href : "/findings");
  return (
    <ul className="needs">
      {items.map((need) => (
        <li key={need.title + need.href}>
          <Glyph mark={need.outcome} />
          <a
            href={own(need.href)}
            onClick={(event) => {
              if (event.ctrlKey || event.metaKey || event.shiftKey) return;
              event.preventDefault();
              history.push(own(need.href));
            }}
          >
            <b>{need.title}</b>
            <span className="muted small block">{need.detail}</span>
          </a>
        </li>
      ))}
    </ul>
  );
}

function Traffic({ data }: { data: Overview }) {
  const known = data.traffic.known;
  if (known === null) {
    return (
      <Panel title={overviewWords.traffic}>
        <div className="panel-body stack">
          <div className="meter meter-unknown" role="img" aria-label={t.cantTell} />
          <p className="muted small">{overviewWords.noTraffic}</p>
        </div>
      </Panel>
    );
  }
  const all = Math.max(1, known.gateway + known.outside + known.unknown);
  const share = (n: number): string => `${((100 * n) / all).toFixed(1)}%`;
  return (
    <Panel title={overviewWords.traffic} aside={<span className="muted small">{overviewWords.last7}</span>}>
      <div className="panel-body">
        <div className="trio">
          <span>
            <b>{share(known.gateway)}</b>
            <small>{overviewWords.gateway}</small>
          </span>
          <span>
            <b>{share(known.outside)}</b>
            <small>{overviewWords.outside}</small>
          </span>
          <span>
            <b>{share(known.unknown)}</b>
            <small>{overviewWords.unknownTraffic}</small>
          </span>
        </div>
        <div className="meter" aria-hidden="true">
          <i className="m-allow" style={{ width: share(known.gateway) }} />
          <i className="m-deny" style={{ width: share(known.outside) }} />
          <i className="m-unknown" style={{ width: share(known.unknown) }} />
        </div>
      </div>
    </Panel>
  );
}

const stages = ["proposed", "pilot", "production", "expired", "retired", "noOwner"] as const;
function Stands({ data }: { data: Overview }) {
  const title = (stage: (typeof stages)[number]): string =>
    stage === "expired"
      ? overviewWords.expiredColumn
      : stage === "noOwner"
        ? overviewWords.noOwner
        : (t.lifecycle[stage] ?? stage);
  return (
    <div className="table-scroll">
      <table className="table matrix">
        <thead>
          <tr>
            <th scope="col">{overviewWords.riskTier}</th>
            {stages.map((stage) => (
              <th key={stage} scope="col" className="end">
                {title(stage)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {data.byTier.map((row) => (
            <tr key={row.tier}>
              <th scope="row">
                {row.tier}
                <span className="tier-words">{t.tier[row.tier].slice(row.tier.length)}</span>
              </th>
              {stages.map((stage) => (
                <td key={stage} className="end mono" data-label={title(stage)}>
                  {row[stage] === 0 ? (
                    <span className="zero">0</span>
                  ) : (
                    <Link
                      to="/systems"
                      search={{
                        tier: row.tier,
                        ...(stage === "expired"
                          ? { status: "refused" }
                          : stage === "noOwner"
                            ? {}
                            : { lifecycle: stage }),
                      }}
                      aria-label={`${t.tier[row.tier]}, ${title(stage)}: ${count(row[stage])}`}
                    >
                      {count(row[stage])}
                    </Link>
                  )}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
