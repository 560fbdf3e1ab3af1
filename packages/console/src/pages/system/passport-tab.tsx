import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { activity, approvals, findings } from "../../api.ts";
import type { Need, SystemView } from "../../api-types.ts";
import { HourBars } from "../../components/bars.tsx";
import { Loaded } from "../../components/states.tsx";
import { Status } from "../../components/status.tsx";
import { Panel } from "../../components/ui.tsx";
import { count } from "../../format.ts";
import { railBelow, useMedia } from "../../media.ts";
import { t } from "../../text.ts";
import { system as words } from "../../text/system.ts";
import { TierPanel } from "../intake/tier-panel.tsx";
import { Needs } from "../overview.tsx";
import { CarePanel } from "./care-panel.tsx";
import { Latest } from "./latest.tsx";
import { ExceptionRail } from "../exceptions/rail.tsx";
import { CredentialRail, EvidenceRail } from "./rail.tsx";
import { ReachPanel } from "./reach-panel.tsx";
import { MayDo } from "./terms.tsx";

export function PassportTab({ system }: { system: SystemView }) {
  const figures = useQuery(activity(system.name));
  const open = useQuery(findings({ system: system.name }));
  const waiting = useQuery(approvals({ system: system.name })).data?.items ?? [];
  const stacked = useMedia(railBelow);
  const said = (text: string): string => text.replaceAll(new RegExp(`\\b${system.name}\\b`, "g"), system.title);
  const needs: Need[] = [
    ...waiting.map((item) => ({
      kind: "approval",
      outcome: "hold" as const,
      title: said(item.question ?? item.title ?? item.id),
      detail: item.reason ?? item.effect ?? "",
      href: `/approve/${item.id}`,
    })),
    ...(open.data?.items ?? []).map((finding) => ({
      kind: "finding",
      outcome: "deny" as const,
      title: said(finding.title),
      detail: said(finding.detail ?? ""),
      href: `/findings?system=${encodeURIComponent(system.name)}`,
    })),
  ];
  return (
    <div className="with-rail">
      <div className="stack">
        {stacked && <Needs items={needs} />}
        {/* On a phone *What it may do* says the same in fewer rows; the table is under Data flows. */}
        <div className="wide-only">
          <ReachPanel system={system} />
        </div>
        <MayDo system={system} />
        <Latest name={system.name} />
        <TierPanel system={system} />
      </div>
      <div className="stack">
        {!stacked && <Needs items={needs} />}
        <CarePanel system={system} />
        <Panel
          title={words.enforcement}
          aside={
            figures.data?.p95AddedMs === undefined ? undefined : (
              <span className="muted small">{words.added(figures.data.p95AddedMs)}</span>
            )
          }
        >
          <div className="panel-body">
            <Loaded query={figures} what={words.enforcement} rows={3}>
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
                    <Status mark="unknown">{words.seenOutside}</Status>
                  </p>
                </>
              )}
            </Loaded>
          </div>
        </Panel>
        <EvidenceRail />
        <ExceptionRail name={system.name} />
        <CredentialRail name={system.name} />
        <Panel title={words.controlsTitle}>
          <p className="panel-body muted small">{words.controlsNone}</p>
        </Panel>
      </div>
    </div>
  );
}
