import { Link } from "@tanstack/react-router";
import { Panel } from "../../../components/ui.tsx";
import { t } from "../../../text.ts";
import { objects as words } from "../../../text/objects.ts";
import type { ObjectKind, PartProps } from "../kind.ts";
import { bare, fact, listOf, member, Pin, Refs, Said, textOf, Unknown } from "../parts.tsx";
import type { Spec } from "../queries.ts";
import { by, owner, reference } from "./columns.tsx";
import * as fields from "./fields.ts";

function effectOf(spec: Spec | undefined): string {
  const effect = member(spec, "effect");
  return effect === "reads" || spec?.["reversible"] === true ? effect : `${effect}, ${words.reversibleNo}`;
}

interface Critical {
  readonly arg: string;
  readonly type: string;
}

function ToolParts({ object, use }: PartProps) {
  const server = member(object.spec, "server");
  const critical = (Array.isArray(object.spec["critical"]) ? object.spec["critical"] : []) as readonly Critical[];
  const input = object.spec["input"];
  return (
    <>
      {use?.pin != null && use.pin !== "pinned" && (
        <div className="notice notice-deny" role="status">
          <p>
            <Pin state={use.pin} /> {words.heldNote[use.pin]}
          </p>
          <p>
            <Link className="button button-accent" to={"/mcp-servers/$name" as "/models/$name"} params={{ name: bare(server) }}>
              {words.toServer}
            </Link>
          </p>
        </div>
      )}
      {(critical.length > 0 || input !== undefined || member(object.spec, "description") !== "") && (
        <Panel title={words.takes}>
          <div className="panel-body stack">
            {member(object.spec, "description") !== "" && <p className="read">{member(object.spec, "description")}</p>}
            {critical.length > 0 && (
              <div>
                <p>
                  <b>{words.field.critical}</b> {critical.map(({ arg, type }) => `${arg} (${type})`).join(", ")}
                </p>
                <p className="muted small">{words.criticalHelp}</p>
              </div>
            )}
            {input !== undefined && (
              <details className="fold">
                <summary>{words.input}</summary>
                <pre className="wrap" tabIndex={0} aria-label={words.input}>
                  {JSON.stringify(input, null, 2)}
                </pre>
              </details>
            )}
          </div>
        </Panel>
      )}
    </>
  );
}

export const tools: ObjectKind = {
  plural: "tools",
  reference: "tool",
  hasReach: true,
  columns: [
    { ...reference("server", words.field.server), cell: (row) => (member(row.spec, "server") === "" ? <span className="muted">{t.none}</span> : <Refs of={[member(row.spec, "server")]} />) },
    { id: "pin", title: words.field.pin, value: (row) => row.use?.pin ?? "", cell: (row) => (row.use == null ? <Unknown use={row.use} /> : <Pin state={row.use.pin} />) },
    { id: "effect", title: words.field.effect, value: (row) => effectOf(row.spec), cell: (row) => effectOf(row.spec) },
    { id: "output", title: words.field.output, value: (row) => member(row.spec, "output"), cell: (row) => (member(row.spec, "output") === "trusted" ? words.trusted : words.untrusted), hideNarrow: true },
    owner,
  ],
  filters: [by("server", words.field.server, "server"), by("effect", words.field.effect, "effect"), { id: "pin", title: words.field.pin, values: (row) => (row.use == null ? [] : [row.use.pin === null ? words.noPin : (words.pin[row.use.pin] ?? "")]) }],
  facts: (spec) => [
    member(spec, "server") === "" ? fact(words.field.server, t.none) : fact(words.field.server, <Refs of={[member(spec, "server")]} />),
    listOf(spec, "names").length === 0 ? undefined : fact(words.field.names, <code>{listOf(spec, "names").join(", ")}</code>),
    fact(words.field.effect, effectOf(spec)),
    fact(words.field.output, member(spec, "output") === "trusted" ? words.trusted : words.untrusted),
    fact(words.field.recipients, <Said value={spec["recipients"]} />),
    member(spec, "returns") === "" ? undefined : fact(words.field.returns, <Refs of={[member(spec, "returns")]} />),
    fact(words.field.region, <Said value={textOf(spec["region"])} />),
  ],
  fields: [
    fields.owner,
    { name: "description", label: words.field.description, type: "prose" },
    fields.choice("effect", words.field.effect, ["reads", "writes", "deletes", "sends", "pays", "executes", "grants"]),
    fields.choice("output", words.field.output, ["untrusted", "trusted"]),
    fields.region,
  ],
  Parts: ToolParts,
  reopens: [
    ["C", "a new effect that pays, executes, deletes or grants for good"],
    ["B", "its definition, arguments, recipients or region"],
    ["A", "owner, title, description"],
  ],
};
