import type { Column } from "../../../components/data-table.tsx";
import { DataClass, Owner } from "../../../components/status.tsx";
import { t } from "../../../text.ts";
import { objects as words } from "../../../text/objects.ts";
import type { Filter, Row } from "../kind.ts";
import { listOf, member, Refs, Said, Training } from "../parts.tsx";

// Columns and filters that several kinds have.
export const said = (name: string, title: string, more: { readonly hideNarrow?: boolean } = {}): Column<Row> => ({ id: name, title, value: (row) => member(row.spec, name), cell: (row) => <Said value={row.spec?.[name]} />, ...more });
export const reference = (name: string, title: string): Column<Row> => ({
  id: name,
  title,
  value: (row) => member(row.spec, name),
  cell: (row) => (member(row.spec, name) === "" ? <span className="muted">{t.cantTell}</span> : <Refs of={[member(row.spec, name)]} />),
});
/** Nobody said is not none. */
export const list = (name: string, title: string, unsaid: string = t.cantTell, none: string = words.none): Column<Row> => ({
  id: name,
  title,
  value: (row) => listOf(row.spec, name).join(" "),
  cell: (row) => (listOf(row.spec, name).length === 0 ? <span className="muted">{row.spec?.[name] === undefined ? unsaid : none}</span> : listOf(row.spec, name).join(", ")),
  hideNarrow: true,
});
export const sensitivity = (name: "sensitivity" | "maxSensitivity"): Column<Row> => ({ id: name, title: words.field[name], value: (row) => member(row.spec, name), cell: (row) => <DataClass value={member(row.spec, name) || null} /> });
export const owner: Column<Row> = { id: "owner", title: words.field.owner, value: (row) => member(row.spec, "owner"), cell: (row) => <Owner email={member(row.spec, "owner")} />, hideNarrow: true };
export const training: Column<Row> = { id: "training", title: words.field.training, value: (row) => member(row.spec, "training"), cell: (row) => <Training value={row.spec?.["training"]} /> };

export const by = (id: Filter["id"], title: string, name: string): Filter => ({ id, title, values: (row) => (member(row.spec, name) === "" ? [t.cantTell] : [member(row.spec, name)]) });
export const byList = (id: Filter["id"], title: string, name: string): Filter => ({ id, title, values: (row) => listOf(row.spec, name) });
