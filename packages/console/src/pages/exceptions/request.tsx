import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { client, queries, systems } from "../../api.ts";
import { Choice, ReasonDialog, TextInput } from "../../components/dialog.tsx";
import { exceptions as words } from "../../text/exceptions.ts";
import { kinds } from "./queries.ts";
import type { Kind } from "./queries.ts";

/** What is asked for, as narrow as where the person came from says. */
export interface Wanted {
  readonly system?: string | undefined;
  readonly kind?: Kind | undefined;
  readonly id?: string | undefined;
}

const weekMs = 7 * 86_400_000;

export function AskForException({ wanted, onClose }: { wanted: Wanted; onClose: () => void }) {
  const known = useQuery({ ...systems(), enabled: wanted.system === undefined });
  const names = known.data?.items.map((one) => one.name) ?? [];
  const [chosen, setChosen] = useState("");
  const [kind, setKind] = useState<string>(wanted.kind ?? "rule");
  const [id, setId] = useState(wanted.id ?? "");
  const [compensating, setCompensating] = useState("");
  const [until, setUntil] = useState(() => new Date(Date.now() + weekMs).toISOString().slice(0, 10));
  const system = wanted.system ?? (chosen === "" ? (names[0] ?? "") : chosen);
  return (
    <ReasonDialog
      open
      onClose={onClose}
      title={words.ask}
      effect={words.formEffect}
      verb={words.ask}
      fields={
        <>
          {wanted.system === undefined ? (
            <Choice label={words.system} value={system} options={names.map((name) => [name, name] as const)} onChange={setChosen} />
          ) : (
            <p>
              {words.system}: <code>{wanted.system}</code>
            </p>
          )}
          <Choice label={words.kind} value={kind} options={kinds.map((one) => [one, words.kinds[one]!] as const)} onChange={setKind} />
          <TextInput label={words.target} help={words.targetHelp} value={id} onChange={setId} />
          <TextInput label={words.compensating} value={compensating} onChange={setCompensating} />
          <TextInput label={words.until} help={words.untilHelp} type="date" value={until} onChange={setUntil} />
        </>
      }
      act={async (reason) => {
        await client.request("POST", "/api/v1/exceptions", {
          system,
          scope: { kind, id: id.trim() },
          reason,
          compensating: compensating.trim(),
          ends: `${until}T00:00:00Z`,
        });
        await queries.invalidateQueries();
      }}
    />
  );
}
