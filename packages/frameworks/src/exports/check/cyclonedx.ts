import { canonicalText, sha256Hex } from "../canonical.ts";
import { cycloneHash } from "../cyclonedx.ts";
import { exportSchema } from "../formats.ts";
import { checkCounts, checkPositionText, checkWords, hex256, needInstant, uuidForm } from "./common.ts";
import { at, items, text } from "./problems.ts";
import type { Json, JsonObject, Problems } from "./problems.ts";

interface Property {
  readonly name: string;
  readonly value: Json | undefined;
  readonly place: string;
}

const propertiesOf = (of: Json | undefined, place: string): Property[] => items(at(of, "properties")).map((one, index) => ({ name: String(at(one, "name")), value: at(one, "value"), place: `${place}/properties/${index}/value` }));

/** What a bill of materials means, beyond its schema. */
export function checkCycloneDx(document: JsonObject, problems: Problems): void {
  if (document["specVersion"] !== "1.7") problems.add("document.version", "/specVersion", "is not 1.7");
  if (!uuidForm.test(String(document["serialNumber"]).replace(/^urn:uuid:/, ""))) problems.add("uuid.invalid", "/serialNumber", "is not a UUID's URN");
  needInstant(at(document, "metadata", "timestamp"), "/metadata/timestamp", problems);
  const own = propertiesOf(document["metadata"], "/metadata");
  const one = (name: string): Property | undefined => own.find((property) => property.name === `mandate:${name}`);
  if (one("schema")?.value !== exportSchema) problems.add("manifest.schema", one("schema")?.place ?? "/metadata/properties", `is not ${exportSchema}`);
  if (one("format")?.value !== "cyclonedx") problems.add("manifest.format", one("format")?.place ?? "/metadata/properties", "names another format than cyclonedx");
  if ((text(one("exported-by")?.value) ?? "") === "") problems.add("manifest.by", "/metadata/properties", "doesn't say who exported it");
  const positions = own.filter((property) => property.name === "mandate:log-position");
  if (positions.length === 0) problems.add("position.missing", "/metadata/properties", "states no position of the log");
  for (const position of positions) checkPositionText(text(position.value), position.place, problems);
  const refs = checkRefs(document, problems);
  checkGraph(document, refs, problems);
  checkDigests(document, problems);
  const counts = new Map(own.flatMap(({ name, value, place }) => (name.startsWith("mandate:count:") ? [[name.slice("mandate:count:".length), { value, place }] as const] : [])));
  checkCounts(counts, { components: items(document["components"]).length, services: items(document["services"]).length, dependencies: items(document["dependencies"]).length }, "/metadata/properties", problems);
  const hash = own.find((property) => property.name === cycloneHash);
  if (hash === undefined || !hex256.test(String(hash.value))) problems.add("hash.missing", hash?.place ?? "/metadata/properties", "states no SHA-256 of its content");
  else {
    const emptied = structuredClone(document) as unknown as { metadata: { properties: { name: string; value: string }[] } };
    emptied.metadata.properties.find((property) => property.name === cycloneHash)!.value = "";
    const actual = sha256Hex(canonicalText(emptied));
    if (actual !== hash.value) problems.add("hash.differs", hash.place, `states ${String(hash.value)}; its content has ${actual}`);
  }
  checkWords(document, problems);
}

function checkRefs(document: JsonObject, problems: Problems): Map<string, string> {
  const refs = new Map<string, string>();
  const note = (ref: Json | undefined, place: string): void => {
    if (typeof ref !== "string" || ref === "") problems.add("reference.missing", place, "has no bom-ref, so nothing can refer to it");
    else if (refs.has(ref)) problems.add("reference.twice", place, `the same as ${refs.get(ref)}`);
    else refs.set(ref, place);
  };
  note(at(document, "metadata", "component", "bom-ref"), "/metadata/component/bom-ref");
  for (const list of ["components", "services"]) {
    for (const [index, one] of items(document[list]).entries()) {
      const place = `/${list}/${index}`;
      note(at(one, "bom-ref"), `${place}/bom-ref`);
      const kind = text(propertiesOf(one, place).find((property) => property.name === "mandate:kind")?.value);
      if (at(one, "bom-ref") !== `${kind}:${String(at(one, "name"))}`) problems.add("reference.misnamed", `${place}/bom-ref`, "is not its kind and name");
      if ((kind === "model") !== (at(one, "type") === "machine-learning-model")) problems.add("component.type", `${place}/type`, `isn't what a ${String(kind)} is`);
    }
  }
  return refs;
}

function checkGraph(document: JsonObject, refs: ReadonlyMap<string, string>, problems: Problems): void {
  const root = text(at(document, "metadata", "component", "bom-ref")) ?? "";
  const listed = new Set<string>();
  const reached = new Set<string>([root]);
  for (const [index, one] of items(document["dependencies"]).entries()) {
    const ref = String(at(one, "ref"));
    if (!refs.has(ref)) problems.add("reference.unresolved", `/dependencies/${index}/ref`, `refers to ${ref}, which isn't here`);
    if (listed.has(ref)) problems.add("reference.twice", `/dependencies/${index}/ref`, `${ref} is listed twice`);
    listed.add(ref);
    for (const [number, to] of items(at(one, "dependsOn")).entries()) {
      if (!refs.has(String(to))) problems.add("reference.unresolved", `/dependencies/${index}/dependsOn/${number}`, `refers to ${String(to)}, which isn't here`);
      reached.add(String(to));
    }
  }
  for (const [ref, place] of refs) if (!reached.has(ref) || !listed.has(ref)) problems.add("reference.orphan", place, `${ref} stands in no dependency`);
  for (const [index, composition] of items(document["compositions"]).entries()) {
    // Nobody here knows every library: to say otherwise would be a claim.
    if (at(composition, "aggregate") === "complete") problems.add("composition.claimed", `/compositions/${index}/aggregate`, "claims to be complete");
    for (const [number, ref] of items(at(composition, "assemblies")).entries()) if (!refs.has(String(ref))) problems.add("reference.unresolved", `/compositions/${index}/assemblies/${number}`, `refers to ${String(ref)}, which isn't here`);
  }
}

function checkDigests(document: JsonObject, problems: Problems): void {
  const digest = at(document, "metadata", "component", "hashes", 0, "content");
  if (!hex256.test(String(digest))) problems.add("hash.invalid", "/metadata/component/hashes/0/content", "is not the system version's SHA-256");
  for (const list of ["components", "services"]) {
    for (const [index, one] of items(document[list]).entries()) {
      const found = propertiesOf(one, `/${list}/${index}`).find((property) => property.name === "mandate:spec-sha256");
      if (!hex256.test(String(found?.value))) problems.add("hash.invalid", found?.place ?? `/${list}/${index}`, "states no SHA-256 of its entry");
    }
  }
}
