import { useQuery } from "@tanstack/react-query";
import { Link, useParams, useSearch } from "@tanstack/react-router";
import { useState } from "react";
import { system as systemQuery } from "../../api.ts";
import type { SystemView } from "../../api-types.ts";
import { AuthorizationBand } from "../../components/authorization-band.tsx";
import { Sheet } from "../../components/dialog.tsx";
import { Empty, Loaded } from "../../components/states.tsx";
import { Button, Command, PageHead, Panel } from "../../components/ui.tsx";
import { t } from "../../text.ts";
import { CredentialTable } from "../credentials.tsx";
import { Act } from "./act.tsx";
import type { Verb } from "./act.tsx";
import { Changes } from "./changes.tsx";
import { SystemDecisions } from "./latest.tsx";
import { PassportTab } from "./passport-tab.tsx";
import { EvidenceRail } from "./rail.tsx";
import { ReachPanel } from "./reach-panel.tsx";
import { Strip } from "./strip.tsx";

const tabs = ["passport", "decisions", "flows", "credentials", "changes", "controls", "evidence"] as const;
type Tab = (typeof tabs)[number];

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
        {system.lifecycle === "pilot" && (
          <Link className="button" to="/systems/$name/promotion" params={{ name: system.name }}>
            {t.system.promote}
          </Link>
        )}
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
        {tab === "decisions" && <SystemDecisions name={system.name} />}
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
            <SystemDecisions name={system.name} />
          </div>
        )}
      </div>
      <Act system={system} verb={verb} onClose={() => setVerb(null)} />
      <Sheet open={proposing} onClose={() => setProposing(false)} title={t.system.proposeTitle} wide>
        <div className="stack">
          {system.managedFrom && <p>{t.system.managed(system.managedFrom.file, system.managedFrom.commit)}</p>}
          <p>{t.system.proposeText}</p>
          <Command>{`npx mandate get system/${system.name} -o yaml > ${system.name}.yaml`}</Command>
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
