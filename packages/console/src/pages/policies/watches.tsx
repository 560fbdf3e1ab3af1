import { useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Empty, Failed, Loaded } from "../../components/states.tsx";
import { Status } from "../../components/status.tsx";
import { Button, Panel, Time } from "../../components/ui.tsx";
import { exact } from "../../format.ts";
import { policies as words } from "../../text/policies.ts";
import { Flips } from "./flips.tsx";
import { endWatch, policyFlips, policyWatches, refresh } from "./queries.ts";
import type { Watch } from "./queries.ts";

/** Versions compared with the one in force, newest first. */
export function Watches({ name }: { name: string }) {
  return (
    <Panel title={words.watches}>
      <Loaded query={useQuery(policyWatches(name))} what={words.watches} rows={2}>
        {({ items }) =>
          items.length === 0 ? (
            <Empty title={words.watchesEmpty}>{words.watchEffect}</Empty>
          ) : (
            <ul className="plain panel-body stack">
              {items.map((one) => (
                <li key={one.id} className="stack">
                  <One name={name} watch={one} />
                </li>
              ))}
            </ul>
          )
        }
      </Loaded>
    </Panel>
  );
}

function One({ name, watch }: { name: string; watch: Watch }) {
  const [open, setOpen] = useState(false);
  const end = useMutation({ mutationFn: async () => endWatch(name, watch.id).then(refresh) });
  const flips = useQuery({ ...policyFlips(name, watch.id), enabled: open });
  return (
    <>
      <div className="row wrap">
        <Status mark={watch.endedAt === null ? "hold" : "unknown"}>{watch.endedAt === null ? words.watching : words.over}</Status>
        <span>
          {watch.endedAt === null ? words.until(exact(watch.endsAt)) : <Time at={watch.endedAt} />}, {words.compared(watch.differences, watch.decisions)}
        </span>
        <span className="muted small">{watch.reason}</span>
        {watch.differences > 0 && <Button onPress={() => setOpen(!open)} aria-expanded={open}>{words.show}</Button>}
        {watch.endedAt === null && <Button isDisabled={end.isPending} onPress={() => end.mutate()}>{words.end}</Button>}
      </div>
      {end.error !== null && <Failed error={end.error} what={words.end} />}
      {open && (
        <Loaded query={flips} what={words.show} rows={3}>
          {({ items }) => <Flips label={words.compared(watch.differences, watch.decisions)} rows={items} />}
        </Loaded>
      )}
    </>
  );
}
