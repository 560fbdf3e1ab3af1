import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { breakGlass } from "../api.ts";
import { Status } from "../components/status.tsx";
import { Time } from "../components/ui.tsx";
import { t } from "../text.ts";

/** Stands on every page while somebody has lifted rules: nobody can have missed it. */
export function EmergencyStrip({ ready }: { ready: boolean }) {
  const open = (useQuery({ ...breakGlass, enabled: ready }).data?.items ?? []).filter((plan) => plan.state === "open");
  return open.map((plan) => (
    <div key={plan.name} className="notice notice-deny row wrap" role="alert">
      <span className="grow">
        <Status mark="deny">{t.emergency.open(plan.rules.length, plan.systems.join(", "))}</Status>{" "}
        {t.emergency.ends} <Time at={plan.uses.find((use) => use.endsAt !== null && Date.parse(use.endsAt) > Date.now())?.endsAt} />.
      </span>
      <Link to="/settings" search={{ tab: "emergency" }}>
        {t.emergency.see(plan.name)}
      </Link>
    </div>
  ));
}
