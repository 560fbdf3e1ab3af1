import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { client, queries } from "../../api.ts";
import type { SystemView } from "../../api-types.ts";
import { Choice, ReasonDialog, TextInput } from "../../components/dialog.tsx";
import { Loaded } from "../../components/states.tsx";
import { Button, Panel } from "../../components/ui.tsx";
import { intake as words } from "../../text/intake.ts";
import { tierOf } from "./intake-api.ts";
import type { TierView } from "./intake-api.ts";
import { Reasons } from "./reasons.tsx";

/** Why a system has its tier, who answered what, and the override. */
export function TierPanel({ system }: { system: SystemView }) {
  const query = useQuery(tierOf(system.name));
  const [open, setOpen] = useState(false);
  return (
    <Panel title={words.panel} aside={<Button onPress={() => setOpen(true)}>{words.override}</Button>}>
      <Loaded query={query} what={words.panel} rows={3}>
        {(tier) => (
          <div className="panel-body stack">
            {tier.override !== null && (
              <p className="strong">
                {words.inForce(tier.override.tier, tier.override.by, tier.override.ends?.slice(0, 10) ?? null)}
              </p>
            )}
            {tier.overrides
              .filter((one) => one.state === "asked")
              .map((one) => (
                <p key={one.id}>{words.asked(one.tier)}</p>
              ))}
            <Reasons reasons={tier.reasons} flags={tier.flags} />
            {tier.contradictions.length > 0 && (
              <>
                <h3>{words.observed}</h3>
                <ul className="plain">
                  {tier.contradictions.map((one) => (
                    <li key={`${one.input} ${one.observed}`}>
                      {one.input}: {words.said(one.declared, one.observed)}
                    </li>
                  ))}
                </ul>
              </>
            )}
            <Answers tier={tier} />
            {open && <Override system={system} tier={tier} onClose={() => setOpen(false)} />}
          </div>
        )}
      </Loaded>
    </Panel>
  );
}

function Answers({ tier }: { tier: TierView }) {
  const day = (at: string | null): string => at?.slice(0, 10) ?? "";
  return (
    <details>
      <summary>{words.answers}</summary>
      <dl className="plain">
        {tier.inputs
          .filter((one) => one.kind === "asked")
          .map((one) => (
            <div key={one.input}>
              <dt>{one.question}</dt>
              <dd>
                {one.source === "unanswered" ? words.unanswered : <code>{JSON.stringify(one.value)}</code>}
                {one.by !== null && (
                  <span className="muted small block">{words.signedBy(one.by, day(one.at))}</span>
                )}
              </dd>
            </div>
          ))}
      </dl>
      <h3>{words.history}</h3>
      <ol className="plain">
        {tier.history.map((one) => (
          <li key={one.seq}>
            <b>{one.tier}</b> <span className="muted small">{words.signedBy(one.by, day(one.at))}</span>
          </li>
        ))}
      </ol>
    </details>
  );
}

function Override({ system, tier, onClose }: { system: SystemView; tier: TierView; onClose: () => void }) {
  const [to, setTo] = useState(tier.tier);
  const [until, setUntil] = useState("");
  return (
    <ReasonDialog
      open
      onClose={onClose}
      title={words.overrideTitle(system.title)}
      effect={words.overrideEffect(tier.lowest)}
      verb={words.override}
      fields={
        <>
          <Choice
            label={words.overrideTo}
            value={to}
            options={["T0", "T1", "T2", "T3"].map((one) => [one, one] as const)}
            onChange={setTo}
          />
          <TextInput type="date" label={words.until} help={words.untilHelp} value={until} onChange={setUntil} />
        </>
      }
      act={async (reason) => {
        const end = until === "" ? {} : { until: `${until}T00:00:00Z` };
        await client.request("POST", `/api/v1/systems/${encodeURIComponent(system.name)}/tier`, { tier: to, reason, ...end });
        await queries.invalidateQueries();
      }}
    />
  );
}
