import { useQuery } from "@tanstack/react-query";
import { Link, Outlet, useNavigate, useRouterState } from "@tanstack/react-router";
import { Suspense, useEffect, useMemo, useState } from "react";
import { client, isSignedOut, overview, queries, session } from "../api.ts";
import { Choice, Sheet } from "../components/dialog.tsx";
import { Failed, Loading } from "../components/states.tsx";
import { Button, Facts } from "../components/ui.tsx";
import { count } from "../format.ts";
import { startLive } from "../live.ts";
import { t } from "../text.ts";
import { Find } from "./find.tsx";
import { EmergencyStrip } from "./emergency.tsx";
import { SessionEnding } from "./ending.tsx";
import { Icon, Logo } from "./icons.tsx";
import { useKeys } from "./keys.ts";
import { density, singleKeys, theme } from "./preferences.ts";

const main = ["overview", "systems", "approvals", "findings", "evidence"] as const;
const inventory = [
  "models",
  "tools",
  "prompts",
  "agents",
  "datasets",
  "destinations",
  "vendors",
  "documents",
  "credentials",
  "unregistered",
] as const;
const oversight = ["reassessments", "incidents", "risks", "reviews", "legal-reviews"] as const;
const rules = ["policies", "exceptions", "frameworks"] as const;
type Item = (typeof main)[number] | (typeof inventory)[number] | (typeof oversight)[number] | (typeof rules)[number] | "settings";

export function Shell() {
  const who = useQuery(session);
  const navigate = useNavigate();
  const path = useRouterState({ select: (state) => state.location.pathname });
  const [finding, setFinding] = useState(false);
  const [helping, setHelping] = useState(false);
  const [menu, setMenu] = useState(false);
  useKeys(useMemo(() => ({ find: () => setFinding(true), help: () => setHelping(true) }), []));
  // Whoever was signed in keeps the page with what they wrote on it; SessionEnding says what to do.
  const signedOut = isSignedOut(who.error) && who.data === undefined;
  useEffect(() => {
    if (signedOut) void navigate({ to: "/sign-in", replace: true });
  }, [signedOut, navigate]);
  useEffect(() => {
    if (who.data !== undefined) void startLive();
  }, [who.data]);
  useEffect(() => setMenu(false), [path]);
  return (
    <div className="shell">
      <a className="skip" href="#content">
        {t.skip}
      </a>
      <header className="topbar">
        <Link to="/" className="brand">
          <Logo /> {t.product}
        </Link>
        <span className="row">
          <Button look="quiet" aria-label={t.find.title} onPress={() => setFinding(true)}>
            <Icon name="find" />
          </Button>
          <Button look="quiet" aria-expanded={menu} onPress={() => setMenu(!menu)}>
            <Icon name="menu" /> {t.nav.menu}
          </Button>
        </span>
      </header>
      <aside className={menu ? "nav nav-open" : "nav"}>
        <div className="brand-row">
          <Link to="/" className="brand">
            <Logo /> {t.product}
          </Link>
          <span className="muted small organization">{who.data?.organization}</span>
        </div>
        <button type="button" className="find-button" onClick={() => setFinding(true)}>
          <Icon name="find" /> <span>{t.find.button}</span> <kbd>Ctrl K</kbd>
        </button>
        <Nav ready={who.data !== undefined} />
        <div className="nav-foot">
          <NavLink item="settings" />
          {who.data !== undefined && (
            <Account
              name={who.data.person.name}
              roles={who.data.person.roles}
              sample={who.data.sample}
              onHelp={() => setHelping(true)}
            />
          )}
        </div>
      </aside>
      <main id="content" tabIndex={-1} className="page">
        <SessionEnding />
        <EmergencyStrip ready={who.data !== undefined} />
        {who.data !== undefined ? (
          <Suspense fallback={<Loading />}>
            <Outlet />
          </Suspense>
        ) : who.error !== null && !signedOut ? (
          <Failed error={who.error} what={t.nav.account} retry={() => void who.refetch()} />
        ) : (
          <Loading />
        )}
      </main>
      <Find open={finding} onClose={() => setFinding(false)} />
      <Help open={helping} onClose={() => setHelping(false)} />
    </div>
  );
}

function Nav({ ready }: { ready: boolean }) {
  const counts = useQuery({ ...overview, enabled: ready }).data?.counts;
  const figures: Partial<Record<Item, number>> =
    counts === undefined ? {} : { systems: counts.total, approvals: counts.waiting, findings: counts.findings ?? 0 };
  const group = (items: readonly Item[]) => (
    <ul>
      {items.map((item) => (
        <li key={item}>
          <NavLink item={item} figure={figures[item]} />
        </li>
      ))}
    </ul>
  );
  return (
    <nav aria-label={t.nav.label}>
      {group(main)}
      <p className="nav-title" id="nav-inventory">
        {t.nav.inventory}
      </p>
      {group(inventory)}
      <p className="nav-title">{t.nav.oversight}</p>
      {group(oversight)}
      <p className="nav-title">{t.nav.rules}</p>
      {group(rules)}
    </nav>
  );
}

function NavLink({ item, figure }: { item: Item; figure?: number | undefined }) {
  const to = item === "overview" ? "/" : (`/${item}` as "/systems");
  return (
    <Link
      to={to}
      search={{}}
      className="nav-link"
      activeOptions={{ exact: item === "overview", includeSearch: false }}
      activeProps={{ className: "nav-link active", "aria-current": "page" }}
    >
      <Icon name={item} /> <span>{t.nav[item]}</span>
      {figure !== undefined && figure > 0 && <span className="figure">{count(figure)}</span>}
    </Link>
  );
}

function Account({
  name,
  roles,
  sample,
  onHelp,
}: {
  name: string;
  roles: readonly string[];
  sample: boolean;
  onHelp: () => void;
}) {
  const [open, setOpen] = useState(false);
  const [chosen, setChosen] = useState(() => ({ theme: theme.get(), density: density.get() }));
  const navigate = useNavigate();
  const signOut = async (): Promise<void> => {
    await client.session.signOut();
    queries.clear();
    await navigate({ to: "/sign-in" });
  };
  return (
    <>
      <button type="button" className="account" aria-haspopup="dialog" onClick={() => setOpen(true)}>
        <span className="avatar" aria-hidden="true">
          {name
            .split(" ")
            .map((part) => part.charAt(0))
            .slice(0, 2)
            .join("")}
        </span>
        <span>
          <span className="block">{name}</span>
          <span className="muted small">
            {roles.length === 0 ? t.nav.noRoles : roles[0]?.replaceAll("-", " ")}
            {sample ? `, ${t.nav.sample.toLowerCase()}` : ""}
          </span>
        </span>
      </button>
      <Sheet open={open} onClose={() => setOpen(false)} title={name}>
        <div className="stack">
          <Choice
            label={t.nav.theme}
            value={chosen.theme}
            options={[
              ["system", t.nav.system],
              ["light", t.nav.light],
              ["dark", t.nav.dark],
            ]}
            onChange={(value) => {
              theme.set(value);
              setChosen({ ...chosen, theme: value });
            }}
          />
          <Choice
            label={t.nav.density}
            value={chosen.density}
            options={[
              ["compact", t.nav.compact],
              ["comfortable", t.nav.comfortable],
            ]}
            onChange={(value) => {
              density.set(value);
              setChosen({ ...chosen, density: value });
            }}
          />
          <div className="row wrap">
            <Button
              onPress={() => {
                setOpen(false);
                onHelp();
              }}
            >
              {t.nav.keys}
            </Button>
            <Link className="button" to="/account" onClick={() => setOpen(false)}>
              {t.nav.yourAccount}
            </Link>
            <Button onPress={() => void signOut()}>{t.nav.signOut}</Button>
          </div>
        </div>
      </Sheet>
    </>
  );
}

function Help({ open, onClose }: { open: boolean; onClose: () => void }) {
  const [on, setOn] = useState(() => singleKeys.get());
  return (
    <Sheet open={open} onClose={onClose} title={t.keys.title}>
      <div className="stack">
        <Facts rows={t.keys.rows.map(([keys, what]) => [<kbd key={keys}>{keys}</kbd>, what] as const)} />
        <label className="check">
          <input
            type="checkbox"
            checked={on}
            onChange={(event) => {
              singleKeys.set(event.target.checked);
              setOn(event.target.checked);
            }}
          />{" "}
          {t.keys.toggle}
        </label>
        <Button onPress={onClose}>{t.find.close}</Button>
      </div>
    </Sheet>
  );
}
