import { DataClass } from "../../../components/status.tsx";
import { objects as words } from "../../../text/objects.ts";
import type { ObjectKind } from "../kind.ts";
import { fact, listOf, member, Refs, Said } from "../parts.tsx";
import { by, byList, list, reference, said, sensitivity } from "./columns.tsx";
import * as fields from "./fields.ts";

export const destinations: ObjectKind = {
  plural: "destinations",
  reference: "destination",
  hasReach: true,
  columns: [said("kind", words.field.kind), reference("vendor", words.field.provider), said("region", words.field.region), sensitivity("maxSensitivity"), list("classes", words.field.classes), list("purposes", words.field.purposes)],
  filters: [by("kind", words.field.kind, "kind"), by("region", words.field.region, "region"), byList("class", words.field.classes, "classes")],
  facts: (spec) => [
    fact(words.field.kind, member(spec, "kind")),
    fact(words.field.provider, member(spec, "vendor") === "" ? <Said value={undefined} /> : <Refs of={[member(spec, "vendor")]} />),
    fact(words.field.region, <Said value={spec["region"]} />),
    fact(words.field.maxSensitivity, <DataClass value={member(spec, "maxSensitivity") || null} />),
    fact(words.field.classes, listOf(spec, "classes").join(", ") || words.none),
    fact(words.field.purposes, listOf(spec, "purposes").join(", ") || words.none),
  ],
  fields: [fields.choice("kind", words.field.kind, ["internal", "partner", "external", "public"]), fields.region, fields.sensitivity("maxSensitivity"), fields.classes, fields.purposes],
  reopens: [
    ["B", "its kind, region, vendor, or what it may take"],
    ["A", "title"],
  ],
};
