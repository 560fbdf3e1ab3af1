import type { Column } from "../../../components/data-table.tsx";
import { t } from "../../../text.ts";
import { objects as words } from "../../../text/objects.ts";
import type { ObjectKind, Row } from "../kind.ts";
import { fact, listOf, member, Ref, Refs, Said } from "../parts.tsx";
import { owner } from "./columns.tsx";
import * as fields from "./fields.ts";

const refs = (name: "tools" | "models" | "prompts"): Column<Row> => ({ id: name, title: words.field[name], value: (row) => listOf(row.spec, name).join(" "), cell: (row) => <Refs of={listOf(row.spec, name)} />, hideNarrow: true });

export const agents: ObjectKind = {
  plural: "agents",
  reference: "agent",
  hasReach: false,
  columns: [owner, refs("tools"), refs("models"), { id: "system", title: words.field.system, value: (row) => member(row.spec, "system"), cell: (row) => (member(row.spec, "system") === "" ? <span className="muted">{t.none}</span> : <Ref to={member(row.spec, "system")} bareName />) }],
  filters: [{ id: "owner", title: words.field.owner, values: (row) => [member(row.spec, "owner")].filter((one) => one !== "") }],
  facts: (spec) => [
    fact(words.field.version, <Said value={spec["version"]} />),
    fact(words.field.tools, <Refs of={listOf(spec, "tools")} />),
    fact(words.field.models, <Refs of={listOf(spec, "models")} />),
    fact(words.field.prompts, <Refs of={listOf(spec, "prompts")} />),
    fact(words.field.system, member(spec, "system") === "" ? t.none : <Ref to={member(spec, "system")} bareName />),
    fact(words.field.shared, spec["shared"] === true ? words.yes : words.no),
  ],
  fields: [fields.owner, { name: "version", label: words.field.version, type: "text" }],
  reopens: [
    ["B", "its tools, models, prompts or version, and a new consumer of a shared one"],
    ["A", "owner, title"],
  ],
};
