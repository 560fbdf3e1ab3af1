import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { client, queries } from "../../api.ts";
import { Choice, ReasonDialog, TextInput } from "../../components/dialog.tsx";
import { incidents as words } from "../../text/incidents.ts";
import { effectOf } from "./queries.ts";
import type { Scope } from "./queries.ts";

/** Stops one thing. The effect in numbers stands there before anybody presses. */
export function KillDialog({
  incident,
  first = { kind: "system", name: "" },
  onClose,
}: {
  incident?: string | undefined;
  first?: { readonly kind: string; readonly name: string };
  onClose: () => void;
}) {
  const [what, setWhat] = useState(first);
  const scope: Scope | null =
    what.kind === "all" ? { all: true } : what.name.trim() === "" ? null : { [what.kind]: what.name.trim() };
  const effect = useQuery(effectOf(scope)).data;
  return (
    <ReasonDialog
      open
      onClose={onClose}
      title={words.kill}
      effect={
        scope === null || effect === undefined ? words.effectUnknown : words.effect(effect.callsAnHour, effect.systems)
      }
      verb={words.stopNow}
      danger
      fields={
        <>
          <Choice
            label={words.killWhat}
            value={what.kind}
            options={Object.entries(words.killKinds)}
            onChange={(kind) => setWhat({ ...what, kind })}
          />
          {what.kind !== "all" && (
            <TextInput label={words.killName} value={what.name} onChange={(name) => setWhat({ ...what, name })} />
          )}
        </>
      }
      act={async (reason) => {
        await client.request("POST", "/api/v1/kill", {
          scope: scope ?? {},
          reason,
          ...(incident === undefined ? {} : { incident }),
        });
        await queries.invalidateQueries();
      }}
    />
  );
}
