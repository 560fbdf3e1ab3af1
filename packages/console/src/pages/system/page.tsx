import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { lazy, Suspense, useState } from "react";
import { MandateError, system as systemQuery } from "../../api.ts";
import { inWords } from "../../format.ts";
import type { SystemView } from "../../api-types.ts";
import { AuthorizationBand } from "../../components/authorization-band.tsx";
import { Sheet } from "../../components/dialog.tsx";
import { Loaded, Loading } from "../../components/states.tsx";
import { Button, Command, PageHead, Panel } from "../../components/ui.tsx";
import { t } from "../../text.ts";
import { system as words } from "../../text/system.ts";
import { CredentialTable } from "../credentials.tsx";
import { Act } from "./act.tsx";
import type { Verb } from "./act.tsx";
import { Changes } from "./changes.tsx";
import { SystemDecisions } from "./latest.tsx";
import { SystemControls } from "./controls-tab.tsx";
import { PassportTab } from "./passport-tab.tsx";
import { EvidenceRail } from "./rail.tsx";
import { ReachPanel } from "./reach-panel.tsx";
import { Strip } from "./strip.tsx";

const PreparedChange = lazy(async () => ({ default: (await import("./prepared-change.tsx")).PreparedChange }));

const tabs = ["passport", "decisions", "flows", "credentials", "changes", "controls", "evidence"] as const;
type Tab = (typeof tabs)[number];

export function SystemPage() {
  const { name } = useParams({ from: "/shell/systems/$name" });
  const query = useQuery({ ...systemQuery(name), placeholderData: undefined });
  if (query.data === undefined && query.error !== null)
    return (
      <>
        <PageHead
          title={query.error instanceof MandateError && query.error.status === 404 ? words.unknownTitle : name}
          crumbs={<Crumbs name={name} />}
        />
        <Loaded query={query} what={name}>
          {() => null}
        </Loaded>
      </>
    );
  return (
    <Loaded query={query} what={name} rows={12}>
      {(system) => <Passport system={system} />}
    </Loaded>
  );
}

function Crumbs({ name, unit }: { name: string; unit?: string | null | undefined }) {
  return (
    <nav className="crumbs" aria-label={words.crumbs}>
      <Link to="/systems" search={{}}>
        {words.crumbs}
      </Link>{" "}
      / {unit != null && <>{inWords(unit)} / </>}
      <code>{name}</code>
    </nav>
  );
}

function Passport({ system }: { system: SystemView }) {
  const search = useSearch({ from: "/shell/systems/$name" });
  const tab: Tab = tabs.find((one) => one === search.tab) ?? "passport";
  const [verb, setVerb] = useState<Verb | null>(null);
  // What is proposed is in the address, so that a refused call and the reach map can lead to it.
  const go = useNavigate({ from: "/systems/$name" });
  const propose = (proposed: boolean): void => void go({ search: { ...(search.tab === undefined ? {} : { tab: search.tab }), ...(proposed ? { propose: "terms" } : {}) }, replace: true, resetScroll: false });
  const verbOf = search.grant === undefined ? "cut" : "grant";
  const edge = search.grant ?? search.cut;
  const suspended = system.lifecycle === "suspended";
  return (
    <div className="passport">
      <PageHead
        title={system.title}
        crumbs={
          <Crumbs name={system.name} unit={system.unit} />
        }
      >
        <Link className="button" to="/evidence" search={{ system: system.name }}>
          {words.pack}
        </Link>
        {system.lifecycle !== "retired" && (
          <Button look="danger-quiet" onPress={() => setVerb(suspended ? "resume" : "suspend")}>
            {suspended ? words.resume : words.suspend}
          </Button>
        )}
        {system.lifecycle === "pilot" && (
          <Link className="button" to="/systems/$name/promotion" params={{ name: system.name }}>
            {words.promote}
          </Link>
        )}
        <Button look="accent" onPress={() => propose(true)}>
          {words.propose}
        </Button>
      </PageHead>
      {(system.purposes ?? []).length > 0 && (
        <p className="lead">{(system.purposes ?? []).map((purpose) => purpose.text).join(" ")}</p>
      )}
      <AuthorizationBand system={system} action={<Button onPress={() => setVerb("renew")}>{words.renew}</Button>} />
      <Strip system={system} />
      <Tabs name={system.name} tab={tab} />
      <div id="tab-panel">
        {tab === "passport" && <PassportTab system={system} />}
        {tab === "decisions" && <SystemDecisions name={system.name} />}
        {tab === "flows" && <ReachPanel system={system} />}
        {tab === "credentials" && (
          <Panel title={words.credentials}>
            <CredentialTable system={system.name} />
          </Panel>
        )}
        {tab === "changes" && <Changes name={system.name} />}
        {tab === "controls" && <SystemControls name={system.name} />}
        {tab === "evidence" && (
          <div className="stack">
            <EvidenceRail />
            <SystemDecisions name={system.name} />
          </div>
        )}
      </div>
      <Act system={system} verb={verb} onClose={() => setVerb(null)} />
      <Sheet open={edge !== undefined} onClose={() => propose(false)} title={words.proposeTitle} wide>
        {edge !== undefined && (
          <Suspense fallback={<Loading rows={6} />}>
            <PreparedChange key={`${verbOf} ${edge}`} system={system} verb={verbOf} reference={edge} onClose={() => propose(false)} />
          </Suspense>
        )}
      </Sheet>
      <Sheet open={edge === undefined && search.propose !== undefined} onClose={() => propose(false)} title={words.proposeTitle} wide>
        <div className="stack">
          <p>{words.proposeText}</p>
          <Command>{`npx mandate get system/${system.name} -o yaml > ${system.name}.yaml`}</Command>
          <Command>{`npx mandate plan -f ${system.name}.yaml`}</Command>
          <Command>{`npx mandate apply -f ${system.name}.yaml`}</Command>
          <div className="row end">
            <Button onPress={() => propose(false)}>{t.find.close}</Button>
          </div>
        </div>
      </Sheet>
    </div>
  );
}

function Tabs({ name, tab }: { name: string; tab: Tab }) {
  return (
    <nav className="tabs" aria-label={words.tabs}>
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
          {words[one]}
        </Link>
      ))}
    </nav>
  );
}
