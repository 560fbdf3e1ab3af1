import { useQuery } from "@tanstack/react-query";
import { Link, useSearch } from "@tanstack/react-router";
import { session } from "../../api.ts";
import { Empty, Loaded } from "../../components/states.tsx";
import { Facts, PageHead, Panel } from "../../components/ui.tsx";
import { inWords } from "../../format.ts";
import { t } from "../../text.ts";
import { settings as words } from "../../text/settings.ts";
import { ProvidersPanel } from "../federation/providers-panel.tsx";
import { NotificationsPanel } from "../notifications/notifications-panel.tsx";
import { PeoplePanel } from "../people/people-panel.tsx";
import { ServiceAccountsPanel } from "../people/service-accounts-panel.tsx";
import { BreakGlassPanel } from "./break-glass.tsx";
import { GrowthPanel } from "./evidence/growth.tsx";
import { LogKeysPanel } from "./evidence/log-keys.tsx";
import { MirrorPanel } from "./evidence/mirror.tsx";
import { StreamsPanel } from "./evidence/streams.tsx";
import { WitnessesPanel } from "./evidence/witnesses.tsx";
import { OutboundPanel } from "./outbound.tsx";
import { SamplePanel } from "./sample.tsx";
import { TierRulesPanel } from "./tier-rules.tsx";

const tabs = ["people", "sign-in", "notifications", "rules", "evidence", "emergency", "sample"] as const;
type Tab = (typeof tabs)[number];

export function SettingsPage() {
  const search = useSearch({ from: "/shell/settings" });
  const tab: Tab = tabs.find((one) => one === search.tab) ?? "people";
  const who = useQuery(session).data;
  const administers = who?.person.roles.includes("administrator") === true;
  return (
    <>
      <PageHead title={words.title} />
      <nav className="tabs" aria-label={words.tabs}>
        {tabs.map((one) => (
          <Link
            key={one}
            to="/settings"
            search={one === "people" ? {} : { tab: one }}
            className={one === tab ? "tab active" : "tab"}
            aria-current={one === tab ? "page" : undefined}
            resetScroll={false}
            activeProps={{}}
          >
            {words.tabNames[one]}
          </Link>
        ))}
      </nav>
      <div className="stack">
        {tab === "people" && (
          <>
            <PeoplePanel />
            <ServiceAccountsPanel />
          </>
        )}
        {tab === "sign-in" && (
          <>
            <Yours />
            {administers ? <ProvidersPanel /> : <AdministratorsOnly title={words.providers} />}
          </>
        )}
        {tab === "notifications" &&
          (administers ? <NotificationsPanel /> : <AdministratorsOnly title={words.tabNames.notifications} />)}
        {tab === "rules" && (
          <>
            <TierRulesPanel administers={administers} />
            <OutboundPanel administers={administers} />
          </>
        )}
        {tab === "evidence" && (
          <>
            <GrowthPanel />
            <LogKeysPanel administers={administers} />
            <WitnessesPanel administers={administers} />
            <MirrorPanel administers={administers} />
            <StreamsPanel administers={administers} />
          </>
        )}
        {tab === "emergency" && <BreakGlassPanel />}
        {tab === "sample" &&
          (who?.sample === true ? (
            <SamplePanel />
          ) : (
            <Panel title={words.sample}>
              <Empty title={words.sampleNone} sample />
            </Panel>
          ))}
      </div>
    </>
  );
}

/** Says what right is missing and who can grant it, instead of leaving a tab blank. */
function AdministratorsOnly({ title }: { title: string }) {
  return (
    <Panel title={title}>
      <Empty title={t.states.noRight}>{words.administratorsOnly}</Empty>
    </Panel>
  );
}

function Yours() {
  const who = useQuery(session);
  return (
    <Panel title={words.you} aside={<Link to="/account">{t.nav.yourAccount}</Link>}>
      <div className="panel-body">
        <Loaded query={who} what={words.you} rows={3}>
          {(data) => (
            <Facts
              rows={[
                [words.name, data.person.name],
                [words.email, data.person.email],
                [words.roles, data.person.roles.map(inWords).join(", ") || words.noRoles],
                [words.organization, data.organization],
                [words.passkey, data.passkeysOff ?? <Link to="/account">{words.passkeysYours}</Link>],
              ]}
            />
          )}
        </Loaded>
      </div>
    </Panel>
  );
}
