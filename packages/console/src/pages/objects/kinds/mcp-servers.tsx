import { objects as words } from "../../../text/objects.ts";
import { Definitions } from "../definitions.tsx";
import type { ObjectKind, PartProps } from "../kind.ts";
import { fact, listOf, member, Pin, Refs, Said, Unknown } from "../parts.tsx";
import { by, owner, reference, said } from "./columns.tsx";
import * as fields from "./fields.ts";

export const mcpServers: ObjectKind = {
  plural: "mcp-servers",
  reference: "mcp-server",
  hasReach: false,
  columns: [
    { id: "pin", title: words.field.state, value: (row) => row.use?.pin ?? "", cell: (row) => (row.use == null ? <Unknown use={row.use} /> : <Pin state={row.use.pin} />) },
    { id: "url", title: words.field.url, value: (row) => member(row.spec, "url") || member(row.spec, "command"), cell: (row) => <code>{member(row.spec, "url") || member(row.spec, "command")}</code>, hideNarrow: true },
    reference("vendor", words.field.provider),
    said("region", words.field.region),
    owner,
  ],
  filters: [{ id: "pin", title: words.field.state, values: (row) => (row.use?.pin == null ? [] : [words.pin[row.use.pin] ?? ""]) }, by("vendor", words.field.provider, "vendor"), by("region", words.field.region, "region")],
  facts: (spec) => [
    member(spec, "url") === "" ? undefined : fact(words.field.url, <code>{member(spec, "url")}</code>),
    member(spec, "command") === "" ? undefined : fact(words.field.command, <code>{[member(spec, "command"), ...listOf(spec, "args")].join(" ")}</code>),
    fact(words.field.provider, member(spec, "vendor") === "" ? <Said value={undefined} /> : <Refs of={[member(spec, "vendor")]} />),
    fact(words.field.region, <Said value={spec["region"]} />),
  ],
  fields: [fields.owner, fields.region],
  Parts: ({ object, use }: PartProps) => <Definitions server={object.name} users={use?.users.length ?? 0} />,
  reopens: [
    ["B", "a definition pinned anew, another address, region or vendor"],
    ["A", "owner, title, a rotated secret"],
  ],
};
