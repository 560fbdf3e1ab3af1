import { Status } from "../../../components/status.tsx";
import { Time } from "../../../components/ui.tsx";
import { date } from "../../../format.ts";
import { t } from "../../../text.ts";
import { objects as words } from "../../../text/objects.ts";
import type { ObjectKind, PartProps } from "../kind.ts";
import { fact, listOf, Said, textOf, Training, Unknown } from "../parts.tsx";
import type { Spec } from "../queries.ts";
import { ReportChange, VendorChanges } from "../vendor-changes.tsx";
import { by, byList, list, training } from "./columns.tsx";
import * as fields from "./fields.ts";

interface Terms {
  readonly contract?: { readonly dpa?: string; readonly expires?: string };
  readonly terms?: { readonly version: string; readonly url?: string };
}
const termsOf = (spec: Spec | undefined): Terms => spec ?? {};

/** A contract holds through its last day. */
function contractOf(spec: Spec | undefined): "held" | "ended" | "unsaid" {
  const end = termsOf(spec).contract?.expires;
  return end === undefined ? "unsaid" : Date.parse(`${end}T23:59:59Z`) < Date.now() ? "ended" : "held";
}

function Contract({ spec }: { spec: Spec | undefined }) {
  const end = termsOf(spec).contract?.expires;
  if (end === undefined) return <Status mark="unknown">{words.contract["unsaid"]}</Status>;
  return contractOf(spec) === "ended" ? <Status mark="deny">{words.ended(date(end))}</Status> : <>{words.until(date(end))}</>;
}

export const vendors: ObjectKind = {
  plural: "vendors",
  reference: "vendor",
  hasReach: true,
  columns: [
    {
      id: "terms",
      title: words.field.terms,
      value: (row) => textOf(termsOf(row.spec).contract?.expires),
      cell: (row) => (
        <>
          <Said value={termsOf(row.spec).terms?.version ?? termsOf(row.spec).contract?.dpa} />
          <span className="small block">
            <Contract spec={row.spec} />
          </span>
        </>
      ),
    },
    list("subprocessors", words.field.subprocessors),
    list("regions", words.field.regions),
    training,
    { id: "reviewed", title: words.field.reviewed, value: (row) => row.use?.reviewedAt ?? "", cell: (row) => (row.use == null ? <Unknown use={row.use} /> : row.use.reviewedAt === null ? <span className="muted">{words.notReviewed}</span> : <Time at={row.use.reviewedAt} />), hideNarrow: true },
    { id: "dependants", title: words.field.dependants, value: (row) => row.use?.namedBy.length ?? -1, cell: (row) => (row.use == null ? <Unknown use={row.use} /> : words.dependants(row.use.namedBy.length, row.use.users.length)) },
  ],
  filters: [by("training", words.field.training, "training"), byList("region", words.field.regions, "regions"), { id: "terms", title: words.field.terms, values: (row) => [words.contract[contractOf(row.spec)] ?? ""] }],
  facts: (spec) => {
    const { contract, terms } = termsOf(spec);
    return [
      fact(words.field.dpa, <Said value={contract?.dpa} />),
      fact(words.field.expires, <Contract spec={spec} />),
      fact(words.field.terms, <Said value={terms?.version} />),
      terms?.url === undefined ? undefined : fact(words.field.termsUrl, <a href={terms.url} rel="noreferrer noopener" target="_blank">{terms.url}</a>),
      fact(words.field.subprocessors, <Said value={spec["subprocessors"]} />),
      fact(words.field.regions, <Said value={listOf(spec, "regions").join(", ")} />),
      fact(words.field.training, <Training value={spec["training"]} />),
      fact(words.field.retention, <Said value={spec["retention"]} />),
      fact(words.field.visibility, <Said value={spec["visibility"]} />),
    ];
  },
  fields: [
    { name: "contract.dpa", label: words.field.dpa, type: "text" },
    { name: "contract.expires", label: words.field.expires, type: "date" },
    { name: "terms.version", label: words.field.terms, type: "text" },
    { name: "terms.url", label: words.field.termsUrl, type: "text" },
    { name: "subprocessors", label: words.field.subprocessors, type: "lines" },
    { name: "regions", label: words.field.regions, type: "lines" },
    { ...fields.training, type: "choice", options: [["", t.cantTell], ["never", words.training.never], ["allowed", words.training.allowed], ["unknown", words.training.unknown]] },
    fields.retention,
  ],
  Parts: ({ object, use }: PartProps) => <VendorChanges name={object.name} use={use} />,
  Actions: ({ object }: PartProps) => <ReportChange name={object.name} />,
  reopens: [
    ["C", "a breach, sanctions, another vendor in its place"],
    ["B", "terms, a sub-processor, a region, training use"],
    ["A", "title, what is watched"],
  ],
};
