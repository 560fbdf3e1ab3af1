import { DataClass } from "../../../components/status.tsx";
import { objects as words } from "../../../text/objects.ts";
import type { ObjectKind } from "../kind.ts";
import { fact, listOf, member, Said } from "../parts.tsx";
import { by, byList, list, owner, said, sensitivity } from "./columns.tsx";
import * as fields from "./fields.ts";

export const datasets: ObjectKind = {
  plural: "datasets",
  reference: "dataset",
  hasReach: true,
  columns: [sensitivity("sensitivity"), list("classes", words.field.classes), said("region", words.field.region), list("purposes", words.field.purposes, words.anyPurpose, words.anyPurpose), list("subjects", words.field.subjects), owner],
  filters: [by("sensitivity", words.field.sensitivity, "sensitivity"), byList("class", words.field.classes, "classes"), by("region", words.field.region, "region")],
  facts: (spec) => [
    fact(words.field.sensitivity, <DataClass value={member(spec, "sensitivity") || null} />),
    fact(words.field.classes, listOf(spec, "classes").join(", ") || words.none),
    fact(words.field.subjects, <Said value={listOf(spec, "subjects").join(", ")} />),
    fact(words.field.region, <Said value={spec["region"]} />),
    fact(words.field.retention, <Said value={spec["retention"]} />),
    fact(words.field.purposes, listOf(spec, "purposes").join(", ") || words.anyPurpose),
  ],
  fields: [fields.owner, fields.sensitivity("sensitivity"), fields.classes, { name: "subjects", label: words.field.subjects, type: "lines" }, fields.region, fields.retention, fields.purposes],
  reopens: [
    ["C", "a sensitivity or class above a system's boundary"],
    ["B", "its region, classes, purposes or retention"],
    ["A", "owner, title"],
  ],
};
