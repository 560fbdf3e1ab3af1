import { useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { queries } from "../../api.ts";
import type { Mark } from "../../api-types.ts";
import { LineDiff } from "../../components/line-diff.tsx";
import { ReasonDialog } from "../../components/dialog.tsx";
import { Failed, Loaded } from "../../components/states.tsx";
import { Status } from "../../components/status.tsx";
import { Button, Panel, Time } from "../../components/ui.tsx";
import { objects as words } from "../../text/objects.ts";
import { answerTo, definitionsOf, lookAt, refresh } from "./queries.ts";
import type { ComparedTool, Comparison, Spec } from "./queries.ts";

type Answer = { readonly verb: "pin" | "refuse"; readonly tool: ComparedTool };
const marks: Readonly<Record<ComparedTool["state"], Mark>> = { pinned: "allow", changed: "deny", gone: "deny", new: "hold" };
/** In the order a reader needs them; whatever else a definition holds isn't pinned. */
const shownMembers = ["title", "description", "inputSchema", "outputSchema", "annotations"] as const;

/** What was reviewed of a server against what it offers, and the two answers to a difference. */
export function Definitions({ server, users }: { server: string; users: number }) {
  const query = useQuery(definitionsOf(server));
  const [asked, setAsked] = useState<Answer | null>(null);
  const [said, setSaid] = useState<string | null>(null);
  const looking = useMutation({
    mutationFn: () => lookAt(server),
    onSuccess: async (found) => {
      queries.setQueryData(definitionsOf(server).queryKey, found);
      setSaid(null);
      await refresh("mcp-servers", "tools");
    },
  });
  return (
    <Panel
      title={words.definitions}
      aside={
        <>
          {query.data !== undefined && <span className="muted">{query.data.seenAt === null ? words.definitionsNever : <>{words.definitionsSeen} <Time at={query.data.seenAt} /></>}</span>}
          <Button isDisabled={looking.isPending} onPress={() => looking.mutate()}>
            {looking.isPending ? words.looking : words.look}
          </Button>
        </>
      }
    >
      {looking.error !== null && (
        <div className="panel-body">
          <Failed error={looking.error} what={words.look} />
        </div>
      )}
      {said !== null && (
        <p className="panel-body" role="status">
          <Status mark="person">{said}</Status>
        </p>
      )}
      <Loaded query={query} what={words.definitions} rows={4}>
        {(found) => <Tools found={found} ask={setAsked} />}
      </Loaded>
      {asked !== null && (
        <ReasonDialog
          open
          onClose={() => setAsked(null)}
          title={asked.verb === "pin" ? words.pinTitle(asked.tool.tool) : words.refuseTitle(asked.tool.tool)}
          effect={asked.verb === "pin" ? words.pinEffect(users) : words.refuseEffect}
          verb={asked.verb === "pin" ? words.pinIt : words.refuseIt}
          danger={asked.verb === "refuse"}
          act={async (reason) => {
            if (asked.tool.offered === null) return;
            await answerTo(server, asked.verb, { [asked.tool.tool]: asked.tool.offered.hash }, reason);
            setSaid(asked.verb === "pin" ? words.pinned(asked.tool.tool) : words.refused(asked.tool.tool));
            await refresh("mcp-servers", "tools", "systems");
          }}
        />
      )}
    </Panel>
  );
}

function Tools({ found, ask }: { found: Comparison; ask: (answer: Answer) => void }) {
  const differing = found.tools.filter((tool) => tool.state !== "pinned");
  const reviewed = found.tools.filter((tool) => tool.state === "pinned");
  if (found.tools.length === 0) return <p className="panel-body muted">{words.nothingOffered}</p>;
  return (
    <>
      <p className="panel-body">{words.standing(differing.length, found.tools.length)}</p>
      {differing.map((tool) => (
        // Another definition is another question, and stands open again.
        <Tool key={`${tool.tool} ${tool.offered?.hash ?? ""}`} tool={tool} ask={ask} />
      ))}
      {reviewed.length > 0 && (
        <details className="definition">
          <summary>{words.asReviewed(reviewed.length)}</summary>
          {reviewed.map((tool) => (
            <details className="fold" key={tool.tool}>
              <summary>
                <code>{tool.tool}</code>
              </summary>
              <pre className="wrap" tabIndex={0} aria-label={tool.tool}>
                {JSON.stringify(tool.pinned?.definition, null, 2)}
              </pre>
            </details>
          ))}
        </details>
      )}
    </>
  );
}

function Tool({ tool, ask }: { tool: ComparedTool; ask: (answer: Answer) => void }) {
  const [was, is] = [tool.pinned?.definition, tool.offered?.definition];
  // Refused before, it is folded; refused just now, it stays as it is read.
  const [wasRefused] = useState(tool.refused !== null);
  const unseen = new Map(tool.hidden.characters.map((one) => [one.code, one.name]));
  const members = shownMembers.filter((name) => textOf(was, name) !== textOf(is, name));
  return (
    <details className="definition" open={!wasRefused}>
      <summary>
        <b>
          <code>{tool.tool}</code>
        </b>{" "}
        <Status mark={tool.refused === null ? marks[tool.state] : "deny"}>{words.state[tool.refused === null ? tool.state : "refused"]}</Status>
      </summary>
      {tool.refused !== null && (
        <p className="small">
          {words.refusedBy(tool.refused.by, tool.refused.reason)}{" "}
          <span className="muted">
            <Time at={tool.refused.at} />
          </span>
        </p>
      )}
      {tool.hidden.characters.length > 0 && <Hidden of={tool.hidden} />}
      {members.map((name) => (
        <div key={name}>
          <p className="diff-member">
            <b>{words.members[name]}</b>
          </p>
          <LineDiff before={textOf(was, name)} after={textOf(is, name)} unseen={unseen} />
        </div>
      ))}
      {tool.offered !== null && (
        <p className="row wrap">
          <span className="row wrap tight">
            <Button look="accent" aria-label={`${words.pinIt} ${tool.tool}`} onPress={() => ask({ verb: "pin", tool })}>
              {words.pinIt}
            </Button>
            {tool.refused === null && (
              <Button look="danger-quiet" aria-label={`${words.refuseIt} ${tool.tool}`} onPress={() => ask({ verb: "refuse", tool })}>
                {words.refuseIt}
              </Button>
            )}
          </span>
          <code className="muted small">{tool.offered.hash.slice(0, 16)}</code>
        </p>
      )}
    </details>
  );
}

function Hidden({ of }: { of: ComparedTool["hidden"] }) {
  return (
    <div className="notice notice-deny">
      <p className="strong">{words.hiddenTitle}</p>
      <ul className="plain tight">
        {of.characters.map((one) => (
          <li key={one.code}>{words.hiddenOne(one.code, one.name, one.count)}</li>
        ))}
      </ul>
      {of.says !== null && (
        <p>
          {words.hiddenSays} <q>{of.says}</q>
        </p>
      )}
    </div>
  );
}

/** A schema as indented text with its members in one order: where a line stands says nothing. Null: it isn't there. */
function textOf(definition: Spec | undefined, name: string): string | null {
  const value = definition?.[name];
  if (value === undefined) return null;
  return typeof value === "string" ? value : JSON.stringify(sorted(value), null, 2);
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([name, inner]) => [name, sorted(inner)]));
}
