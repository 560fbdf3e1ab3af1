import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Loaded } from "../components/states.tsx";
import { Panel } from "../components/ui.tsx";
import { frameworks } from "../text/frameworks.ts";
import { overview as words } from "../text/overview.ts";
import { controls } from "./frameworks/queries.ts";
import type { Outcome } from "./frameworks/queries.ts";

/** What the newest measurement of every control says, in one sentence. */
export function Controls() {
  const query = useQuery(controls(""));
  return (
    <Panel title={words.controls} aside={<Link to="/frameworks">{words.allControls}</Link>}>
      <Loaded query={query} what={words.controls} rows={2}>
        {(rows) => {
          const count = (outcome: Outcome): number => rows.filter((one) => one.outcome === outcome).length;
          const measured = rows.some((one) => one.result !== null);
          return <p className="panel-body small">{measured ? frameworks.sentence(count("pass"), count("fail"), count("stale"), count("unproven")) : words.noControls}</p>;
        }}
      </Loaded>
    </Panel>
  );
}
