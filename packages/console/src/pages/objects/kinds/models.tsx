import { Fragment } from "react";
import { DataClass, Status } from "../../../components/status.tsx";
import { Panel } from "../../../components/ui.tsx";
import { t } from "../../../text.ts";
import { objects as words } from "../../../text/objects.ts";
import type { ObjectKind, PartProps } from "../kind.ts";
import { fact, listOf, member, Refs, Said, Training } from "../parts.tsx";
import type { Spec } from "../queries.ts";
import { by, reference, said, sensitivity, training } from "./columns.tsx";
import * as fields from "./fields.ts";

interface Price {
  readonly from: string;
  readonly input: string;
  readonly output: string;
}

function pricesOf(spec: Spec | undefined): readonly Price[] {
  const prices = spec?.["price"];
  return Array.isArray(prices) ? (prices as Price[]).toSorted((a, b) => b.from.localeCompare(a.from)) : [];
}

/** The line that holds today; those to come don't yet. */
function priceNow(spec: Spec | undefined): Price | undefined {
  const today = new Date().toISOString().slice(0, 10);
  return pricesOf(spec).find((one) => one.from <= today);
}

/** Ids accepted in answers; where none is said, the one it is called by. */
function servedIds(spec: Spec | undefined, name: string): readonly string[] {
  const served = listOf(spec, "served");
  return served.length > 0 ? served : [member(spec, "upstream") || name];
}

/** A name with a date or a build number stays one model; a bare one is whatever its provider serves under it today. */
export function gradeOf(served: string): "version" | "alias" {
  return /(?:19|20)\d{2}-?(?:0[1-9]|1[0-2])|[@:-]v?\d{3,}\b|-\d{4}$/.test(served) ? "version" : "alias";
}

function Provider({ spec }: { spec: Spec | undefined }) {
  const vendor = member(spec, "vendor");
  if (vendor !== "") return <Refs of={[vendor]} />;
  return member(spec, "host") === "self" ? <>{words.selfHosted}</> : <Said value={undefined} />;
}

function Grade({ spec, name }: { spec: Spec | undefined; name: string }) {
  const isAlias = servedIds(spec, name).some((id) => gradeOf(id) === "alias");
  return <Status mark={isAlias ? "unknown" : "allow"}>{words.grade[isAlias ? "alias" : "version"]}</Status>;
}

function Prices({ object }: PartProps) {
  const prices = pricesOf(object.spec);
  const served = servedIds(object.spec, object.name);
  return (
    <Panel title={words.gradeColumn}>
      <div className="panel-body stack">
        <ul className="plain tight">
          {served.map((id) => (
            <li key={id}>
              <code>{id}</code> <Status mark={gradeOf(id) === "alias" ? "unknown" : "allow"}>{words.grade[gradeOf(id)]}</Status>
            </li>
          ))}
        </ul>
        <p className="muted small">{words.gradeHelp}</p>
        {prices.length > 0 && (
          <p>
            <b>{words.field.price}</b> <span className="muted small">{words.priceHelp}</span>
            {prices.map((one) => (
              <Fragment key={one.from}>
                <br />
                {words.perMillion(one.input, one.output)} <span className="muted">{words.from(one.from)}</span>
              </Fragment>
            ))}
          </p>
        )}
      </div>
    </Panel>
  );
}

export const models: ObjectKind = {
  plural: "models",
  reference: "model",
  hasReach: true,
  columns: [
    { ...reference("vendor", words.field.provider), cell: (row) => <Provider spec={row.spec} /> },
    said("region", words.field.region),
    { id: "grade", title: words.gradeColumn, value: (row) => servedIds(row.spec, row.name).join(" "), cell: (row) => <Grade spec={row.spec} name={row.name} />, hideNarrow: true },
    sensitivity("maxSensitivity"),
    training,
    {
      id: "price",
      title: words.field.price,
      value: (row) => Number(priceNow(row.spec)?.input ?? -1),
      cell: (row) => {
        const price = priceNow(row.spec);
        return price === undefined ? <span className="muted">{t.cantTell}</span> : <span title={words.priceHelp}>{words.perMillion(price.input, price.output)}</span>;
      },
      hideNarrow: true,
    },
  ],
  filters: [by("vendor", words.field.provider, "vendor"), by("region", words.field.region, "region"), by("training", words.field.training, "training"), { id: "grade", title: words.gradeColumn, values: (row) => [words.grade[servedIds(row.spec, row.name).some((id) => gradeOf(id) === "alias") ? "alias" : "version"] ?? ""] }],
  facts: (spec) => [
    fact(words.field.provider, <Provider spec={spec} />),
    fact(words.field.host, <Said value={spec["host"]} />),
    fact(words.field.region, <Said value={spec["region"]} />),
    fact(words.field.protocol, member(spec, "protocol")),
    fact(words.field.endpoint, <code>{member(spec, "endpoint")}</code>),
    fact(words.field.maxSensitivity, <DataClass value={member(spec, "maxSensitivity") || null} />),
    fact(words.field.training, <Training value={spec["training"]} />),
    fact(words.field.retention, <Said value={spec["retention"]} />),
    fact(words.field.visibility, <Said value={spec["visibility"]} />),
    listOf(spec, "fallback").length === 0 ? undefined : fact(words.field.fallback, <Refs of={listOf(spec, "fallback")} />),
  ],
  fields: [fields.owner, fields.region, fields.training, fields.retention, fields.sensitivity("maxSensitivity"), { name: "served", label: words.field.served, type: "lines" }, fields.visibility],
  Parts: Prices,
  reopens: [
    ["C", "another provider"],
    ["B", "another version, accepted id, region, training use or retention"],
    ["A", "owner, title, price, a rotated secret"],
  ],
};
