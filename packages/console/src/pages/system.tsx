import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { useState } from "react";
import {
  activity,
  approvals,
  client,
  decisions,
  findings,
  history,
  queries,
  reach,
  system as systemQuery,
} from "../api.ts";
import type { Need, SystemView } from "../api-types.ts";
import { AuthorizationBand } from "../components/authorization-band.tsx";
import { HourBars } from "../components/bars.tsx";
import { DecisionTable } from "../components/decision-table.tsx";
import { ReasonDialog, Sheet } from "../components/dialog.tsx";
import { FlowGraph } from "../components/flow-graph.tsx";
import { Empty, Loaded } from "../components/states.tsx";
import { DataClass, Owner, Status } from "../components/status.tsx";
import { Button, Command, LiveDot, PageHead, Panel, Time } from "../components/ui.tsx";
import { count } from "../format.ts";
import { t } from "../text.ts";
import { CredentialTable } from "./credentials.tsx";
import { Needs } from "./overview.tsx";
import { CredentialRail, EvidenceRail } from "./system-rail.tsx";
import { MayDo } from "./system-terms.tsx";

const tabs = ["passport", "decisions", "flows", "credentials", "changes", "controls", "evidence"] as const;
type Tab = (typeof tabs)[number];
type Verb = "suspend" | "resume" | "renew" | "promote";

export function SystemPage() {
  const { name } = useParams({ from: "/shell/systems/$name" });
  const query = useQuery({ ...systemQuery(name), placeholderData: undefined });
  return (
    <Loaded query={query} what={name} rows={12}>
      {(system) => <Passport system={system} />}
    </Loaded>
  );
}

function Passport({ system }: { system: SystemView }) {
  const search = useSearch({ from: "/shell/systems/$name" });
  const tab: Tab = tabs.find((one) => one === search.tab) ?? "passport";
  const [verb, setVerb] = useState<Verb | null>(null);
  const [proposing, setProposing] = useState(false);
  const suspended = system.lifecycle === "suspended";
  return (
    <div className="passport">
      <PageHead
        title={system.title}
        crumbs={
          <nav className="crumbs" aria-label={t.system.crumbs}>
            <Link to="/systems" search={{}}>
              {t.system.crumbs}
            </Link>{" "}
            / {system.unit !== null && system.unit !== undefined && <>{system.unit} / </>}
            <code>{system.name}</code>
          </nav>
        }
      >
        <Link className="button" to="/evidence" search={{ system: system.name }}>
          {t.system.pack}
        </Link>
        {system.lifecycle !== "retired" && (
          <Button look="danger-quiet" onPress={() => setVerb(suspended ? "resume" : "suspend")}>
            {suspended ? t.system.resume : t.system.suspend}
          </Button>
        )}
        {system.lifecycle === "pilot" && <Button onPress={() => setVerb("promote")}>{t.system.promote}</Button>}
        <Button look="accent" onPress={() => setProposing(true)}>
          {t.system.propose}
        </Button>
      </PageHead>
      {(system.purposes ?? []).length > 0 && (
        <p className="lead">{(system.purposes ?? []).map((purpose) => purpose.text).join(" ")}</p>
      )}
      <AuthorizationBand system={system} action={<Button onPress={() => setVerb("renew")}>{t.system.renew}</Button>} />
      <Strip system={system} />
      <Tabs name={system.name} tab={tab} />
      <div id="tab-panel">
        {tab === "passport" && <PassportTab system={system} />}
        {tab === "decisions" && <Latest name={system.name} limit={100} />}
        {tab === "flows" && <ReachPanel system={system} />}
        {tab === "credentials" && (
          <Panel title={t.system.credentials}>
            <CredentialTable system={system.name} />
          </Panel>
        )}
        {tab === "changes" && <Changes name={system.name} />}
        {tab === "controls" && (
          <Panel title={t.system.controlsTitle}>
            <Empty title={t.system.controlsNone} />
          </Panel>
        )}
        {tab === "evidence" && (
          <div className="stack">
            <EvidenceRail />
            <Latest name={system.name} limit={50} />
          </div>
        )}
      </div>
      <Act system={system} verb={verb} onClose={() => setVerb(null)} />
      <Sheet open={proposing} onClose={() => setProposing(false)} title={t.system.proposeTitle} wide>
        <div className="stack">
          {system.managedFrom && <p>{t.system.managed(system.managedFrom.file, system.managedFrom.commit)}</p>}
          <p>{t.system.proposeText}</p>
          <Command>{`npx mandate get systems/${system.name} -o yaml > ${system.name}.yaml`}</Command>
          <Command>{`npx mandate plan -f ${system.name}.yaml`}</Command>
          <Command>{`npx mandate apply -f ${system.name}.yaml`}</Command>
          <div className="row end">
            <Button onPress={() => setProposing(false)}>{t.find.close}</Button>
          </div>
        </div>
      </Sheet>
    </div>
  );
}

function Act({ system, verb, onClose }: { system: SystemView; verb: Verb | null; onClose: () => void }) {
  const recent = useQuery({ ...activity(system.name), enabled: verb === "suspend" }).data;
  const perHour = recent === undefined ? undefined : Math.round(recent.totals.allow / Math.max(1, recent.hours.length));
  const words = {
    suspend: [
      t.system.suspendTitle(system.title),
      perHour === undefined ? t.system.suspendUnknown : t.system.suspendEffect(perHour),
      t.system.suspend,
    ],
    resume: [t.system.resumeTitle(system.title), t.system.resumeEffect, t.system.resume],
    renew: [t.system.renewTitle(system.title), t.system.renewEffect, t.system.renew],
    promote: [t.system.promoteTitle(system.title), t.system.promoteEffect, t.system.promote],
  }[verb ?? "suspend"];
  return (
    <ReasonDialog
      open={verb !== null}
      onClose={onClose}
      title={words[0] ?? ""}
      effect={words[1] ?? ""}
      verb={words[2] ?? ""}
      danger={verb === "suspend"}
      act={async (reason) => {
        if (verb === null) return;
        await client.systems[verb](system.name, { reason });
        await queries.invalidateQueries();
      }}
    />
  );
}

function Strip({ system }: { system: SystemView }) {
  const { boundary } = system;
  return (
    <dl className="strip">
      <div>
        <dt>{t.system.business}</dt>
        <dd>
          <Owner email={system.owners?.business} />
        </dd>
      </div>
      <div>
        <dt>{t.system.technical}</dt>
        <dd>
          <Owner email={system.owners?.technical} />
        </dd>
      </div>
      <div>
        <dt>{t.system.tier}</dt>
        <dd>
          <b>{t.tier[system.tier]}</b>
          <span className="muted small block">
            {(system.tierReasons ?? []).map((reason) => `${reason.rule}: ${reason.text}`).join("; ")}
          </span>
        </dd>
      </div>
      <div>
        <dt>{t.system.boundary}</dt>
        <dd>
          {boundary?.sensitivity === undefined ? (
            <Status mark="unknown">{t.system.boundaryNone}</Status>
          ) : (
            <>
              <b>
                <DataClass value={boundary.sensitivity} />
                {(boundary.regions ?? []).length > 0 && `, ${(boundary.regions ?? []).join(", ")}`}
              </b>
              <span className="muted small block">
                {[
                  (boundary.classes ?? []).join(", "),
                  boundary.training === undefined ? "" : (t.system.training[boundary.training] ?? ""),
                ]
                  .filter((part) => part !== "")
                  .join("; ")}
              </span>
            </>
          )}
        </dd>
      </div>
      <div>
        <dt>{t.system.legal}</dt>
        <dd>
          {system.legalClass ? (
            <>
              <b>{system.legalClass.title}</b>
              <span className="muted small block">{system.legalClass.article}</span>
            </>
          ) : (
            <Status mark="unknown">{t.system.legalUnknown}</Status>
          )}
        </dd>
      </div>
    </dl>
  );
}

function Tabs({ name, tab }: { name: string; tab: Tab }) {
  return (
    <nav className="tabs" aria-label={t.system.tabs}>
      {tabs.map((one) => (
        <Link
          key={one}
          to="/systems/$name"
          params={{ name }}
          search={one === "passport" ? {} : { tab: one }}
          className={one === tab ? "tab active" : "tab"}
          aria-current={one === tab ? "page" : undefined}
          resetScroll={false}
          activeProps={{}}
        >
          {t.system[one]}
        </Link>
      ))}
    </nav>
  );
}

function ReachPanel({ system }: { system: SystemView }) {
  const query = useQuery({ ...reach(system.name), placeholderData: undefined });
  return (
    <Panel
      title={t.system.reach}
      className="reach"
      aside={
        <>
          <span className="legend wide-only">
            <i className="legend-allow" /> {t.system.allowed}
          </span>
          <span className="legend wide-only">
            <i className="legend-hold" /> {t.system.held}
          </span>
          <span className="legend wide-only">
            <i className="legend-deny" /> {t.system.denied}
          </span>
        </>
      }
    >
      <Loaded query={query} what={t.system.reach}>
        {(data) =>
          data.edges.length === 0 ? (
            <p className="panel-body muted">{t.system.nothing}</p>
          ) : (
            <FlowGraph reach={data} regions={system.boundary?.regions ?? []} />
          )
        }
      </Loaded>
    </Panel>
  );
}

function Latest({ name, limit }: { name: string; limit: number }) {
  const query = useQuery(decisions({ system: name, limit }));
  return (
    <Panel
      title={t.system.latest}
      aside={
        <>
          <LiveDot />
          <Link to="/evidence" search={{ system: name }}>
            {t.system.allDecisions}
          </Link>
        </>
      }
    >
      <Loaded query={query} what={t.system.latest}>
        {(data) =>
          data.items.length === 0 ? (
            <p className="panel-body muted">{t.evidence.empty}</p>
          ) : (
            <DecisionTable rows={data.items} {...(limit > 10 ? { exportName: `${name}-decisions` } : {})} />
          )
        }
      </Loaded>
    </Panel>
  );
}

function PassportTab({ system }: { system: SystemView }) {
  const figures = useQuery(activity(system.name));
  const open = useQuery(findings({ system: system.name }));
  const waiting = useQuery(approvals({ system: system.name })).data?.items ?? [];
  const needs: Need[] = [
    ...waiting.map((item) => ({
      kind: "approval",
      outcome: "hold" as const,
      title: item.question ?? item.title ?? item.id,
      detail: item.reason ?? item.effect ?? "",
      href: `/approve/${item.id}`,
    })),
    ...(open.data?.items ?? []).map((finding) => ({
      kind: "finding",
      outcome: "deny" as const,
      title: finding.title,
      detail: finding.detail ?? "",
      href: "/findings",
    })),
  ];
  return (
    <div className="with-rail">
      <div className="stack">
        <ReachPanel system={system} />
        <MayDo system={system} />
        <Latest name={system.name} limit={8} />
      </div>
      <div className="stack">
        <Needs items={needs} />
        <Panel
          title={t.system.enforcement}
          aside={
            figures.data?.p95AddedMs === undefined ? undefined : (
              <span className="muted small">{t.system.added(figures.data.p95AddedMs)}</span>
            )
          }
        >
          <div className="panel-body">
            <Loaded query={figures} what={t.system.enforcement} rows={3}>
              {(data) => (
                <>
                  <div className="trio">
                    {(["allow", "hold", "deny"] as const).map((mark) => (
                      <span key={mark}>
                        <Link
                          to="/evidence"
                          search={{ system: system.name, outcome: mark }}
                          aria-label={`${count(data.totals[mark])} ${t.mark[mark].toLowerCase()}`}
                        >
                          <b>{count(data.totals[mark])}</b>
                        </Link>
                        <small>
                          <Status mark={mark}>{t.mark[mark].toLowerCase()}</Status>
                        </small>
                      </span>
                    ))}
                  </div>
                  <HourBars activity={data} />
                  <p className="small">
                    <Status mark="unknown">{t.system.seenOutside}</Status>
                  </p>
                </>
              )}
            </Loaded>
          </div>
        </Panel>
        <EvidenceRail />
        <CredentialRail name={system.name} />
        <Panel title={t.system.controlsTitle}>
          <p className="panel-body muted small">{t.system.controlsNone}</p>
        </Panel>
      </div>
    </div>
  );
}

function Changes({ name }: { name: string }) {
  const query = useQuery(history(name));
  const navigate = useNavigate();
  return (
    <Panel
      title={t.system.changes}
      aside={
        <button
          type="button"
          className="link-button"
          onClick={() => void navigate({ to: "/systems/$name", params: { name } })}
        >
          {t.system.passport}
        </button>
      }
    >
      <Loaded query={query} what={t.system.changes}>
        {(data) =>
          data.items.length === 0 ? (
            <p className="panel-body muted">{t.system.noChange}</p>
          ) : (
            <ul className="needs plain">
              {data.items.map((item) => (
                <li key={item.at + item.summary}>
                  <span>
                    <b>{item.summary}</b>
                    <span className="muted small block">
                      {item.by}, <Time at={item.at} />
                      {(item.reason ?? "") === "" ? "" : `: ${item.reason}`}
                    </span>
                  </span>
                </li>
              ))}
            </ul>
          )
        }
      </Loaded>
    </Panel>
  );
}
