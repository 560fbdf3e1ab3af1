import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { client, queries } from "../../api.ts";
import type { PersonRow } from "../../api-types.ts";
import { Choice, ReasonDialog } from "../../components/dialog.tsx";
import { Loaded } from "../../components/states.tsx";
import { people as words } from "../../text/people.ts";

interface HandedSeat {
  readonly kind: string;
  readonly name: string;
  readonly seat: string;
  readonly outcome: "handed" | "asked" | "kept";
  readonly why: string | null;
}

/** Everything somebody owns to somebody else. What would go is listed before anything does. */
export function HandOver({
  from,
  others,
  onClose,
  onDone,
}: {
  from: PersonRow;
  others: readonly PersonRow[];
  onClose: () => void;
  onDone: (note: string) => void;
}) {
  const [to, setTo] = useState(others[0]?.email ?? "");
  const ask = async (body: object) =>
    (
      await client.request<{ items: readonly HandedSeat[] }>(
        "POST",
        `/api/v1/people/${encodeURIComponent(from.email)}/hand-over`,
        { to, ...body },
      )
    ).items;
  const planned = useQuery({
    queryKey: ["hand-over", from.email, to],
    queryFn: () => ask({ dryRun: true }),
    enabled: to !== "",
    staleTime: 0,
  });
  return (
    <ReasonDialog
      open
      onClose={onClose}
      title={words.handOverTitle(from.name)}
      effect={words.handOverEffect}
      verb={words.handOver}
      fields={
        <>
          <Choice
            label={words.handOverTo}
            value={to}
            options={others.map((one) => [one.email, `${one.name}, ${one.email}`] as const)}
            onChange={setTo}
          />
          <Loaded query={planned} what={words.handOver}>
            {(seats) =>
              seats.length === 0 ? (
                <p className="muted small">{words.ownsNothing(from.name)}</p>
              ) : (
                <ul className="small" aria-label={words.seats}>
                  {seats.map((one) => (
                    <li key={`${one.kind} ${one.name} ${one.seat}`} className="break">
                      {one.name}, {words.seatNames[one.seat] ?? one.seat}
                      {one.why !== null && <span className="muted">: {words.stays(one.why)}</span>}
                    </li>
                  ))}
                </ul>
              )
            }
          </Loaded>
        </>
      }
      act={async (reason) => {
        const seats = await ask({ reason });
        await queries.invalidateQueries();
        onDone(
          words.handedOver(
            seats.filter((one) => one.outcome === "handed").length,
            seats.filter((one) => one.outcome === "asked").length,
            seats.filter((one) => one.outcome === "kept").length,
          ),
        );
      }}
    />
  );
}
