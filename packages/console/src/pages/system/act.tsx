import { useQuery } from "@tanstack/react-query";
import { activity, client, queries } from "../../api.ts";
import type { SystemView } from "../../api-types.ts";
import { ReasonDialog } from "../../components/dialog.tsx";
import { system as systemWords } from "../../text/system.ts";

export type Verb = "suspend" | "resume" | "renew";

export function Act({ system, verb, onClose }: { system: SystemView; verb: Verb | null; onClose: () => void }) {
  const recent = useQuery({ ...activity(system.name), enabled: verb === "suspend" }).data;
  const perHour = recent === undefined ? undefined : Math.round(recent.totals.allow / Math.max(1, recent.hours.length));
  const words = {
    suspend: [
      systemWords.suspendTitle(system.title),
      perHour === undefined ? systemWords.suspendUnknown : systemWords.suspendEffect(perHour),
      systemWords.suspend,
    ],
    resume: [systemWords.resumeTitle(system.title), systemWords.resumeEffect, systemWords.resume],
    renew: [systemWords.renewTitle(system.title), systemWords.renewEffect, systemWords.renew],
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
