import { Panel } from "../../../components/ui.tsx";
import { objects as words } from "../../../text/objects.ts";
import type { ObjectKind, PartProps } from "../kind.ts";
import { fact, member, textOf } from "../parts.tsx";
import { owner } from "./columns.tsx";
import * as fields from "./fields.ts";

const template = /(\{\{[^}]*\}\})/;

function Template({ object }: PartProps) {
  return (
    <Panel title={words.field.template}>
      <div className="panel-body">
        <pre className="wrap" tabIndex={0} aria-label={words.field.template}>
          {member(object.spec, "template")
            .split(template)
            .map((part, at) => (template.test(part) ? <b key={at}>{part}</b> : part))}
        </pre>
      </div>
    </Panel>
  );
}

const slots = (spec: Readonly<Record<string, unknown>> | undefined): readonly string[] => Object.keys((spec?.["slots"] as object | undefined) ?? {});

export const prompts: ObjectKind = {
  plural: "prompts",
  reference: "prompt",
  hasReach: false,
  columns: [
    owner,
    { id: "template", title: words.field.template, value: (row) => member(row.spec, "template"), cell: (row) => <span className="clip">{member(row.spec, "template")}</span>, hideNarrow: true },
    { id: "slots", title: words.field.slots, value: (row) => slots(row.spec).length, cell: (row) => slots(row.spec).join(", ") || <span className="muted">{words.none}</span> },
    { id: "version", title: words.field.version, end: true, value: (row) => Number(row.version ?? 1), cell: (row) => <span className="mono">{textOf(row.version)}</span> },
  ],
  filters: [{ id: "owner", title: words.field.owner, values: (row) => [member(row.spec, "owner")].filter((one) => one !== "") }],
  facts: (spec) => [
    fact(words.field.slots, slots(spec).join(", ") || words.none),
    fact(words.field.shared, spec["shared"] === true ? words.yes : words.no),
  ],
  fields: [fields.owner, { name: "template", label: words.field.template, type: "prose" }],
  Parts: Template,
  reopens: [
    ["B", "its fixed segments or slots, and a new consumer of a shared one"],
    ["A", "owner, title"],
  ],
};
