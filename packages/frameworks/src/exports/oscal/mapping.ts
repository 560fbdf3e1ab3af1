import type { Catalog, Control } from "../../catalogs/catalogs.ts";
import { stableUuid } from "../canonical.ts";
import type { ExportHead } from "../facts.ts";
import { exportNamespace } from "../formats.ts";
import { oscalDocument, prop, resource } from "./document.ts";

export const ourCatalogUuid = stableUuid("resource", "oscal-catalog");
export const frameworkUuid = (key: string): string => stableUuid("resource", "framework", key);

/** OSCAL 1.2.2 mapping collection: our controls to each framework's items. */
export function oscalMapping(head: ExportHead, frameworks: readonly Catalog[], controls: readonly Control[]): string {
  const used = frameworks.filter((one) => controls.some((control) => (control.supports[one.key] ?? []).length > 0));
  const mappings = used.map((framework) => {
    const maps = controls.flatMap((control) => {
      const items = control.supports[framework.key] ?? [];
      return items.length === 0 ? [] : [{
        uuid: stableUuid("map", framework.key, control.id),
        // None of the set relations of NIST IR 8477 holds: a passing control is evidence towards an item, no part of it.
        ns: exportNamespace,
        relationship: "supports",
        sources: [{ type: "control", "id-ref": control.id }],
        targets: items.map((item) => ({ type: "control", "id-ref": item })),
      }];
    });
    const named = new Set(maps.flatMap((map) => map.targets.map((target) => target["id-ref"])));
    const items = framework.items.filter((item) => !item.heading);
    return {
      uuid: stableUuid("mapping", framework.key),
      "source-resource": { type: "catalog", href: `#${ourCatalogUuid}` },
      "target-resource": { type: "catalog", href: `#${frameworkUuid(framework.key)}` },
      props: [prop("framework", framework.key), prop("framework-version", framework.version), prop("items", String(items.length)), prop("items-named", String(named.size))],
      maps,
    };
  });
  return oscalDocument(head, {
    root: "mapping-collection",
    format: "oscal-mapping",
    title: "What Mandate's controls support in published frameworks",
    counts: { mappings: mappings.length, maps: mappings.reduce((sum, one) => sum + one.maps.length, 0), controls: controls.length },
    body: {
      provenance: {
        method: "human",
        "matching-rationale": "functional",
        status: "complete",
        "mapping-description": "A map says that a passing control supports the named items. It never says that an item is met. Items without a map are outside the product and stay the organization's own work.",
      },
      mappings,
    },
    resources: [
      resource(ourCatalogUuid, "Mandate's control catalog", "The document that `mandate export oscal-catalog` writes."),
      ...used.map((one) => ({ ...resource(frameworkUuid(one.key), one.name, `Version ${one.version}, published by ${one.publisher}. Ids as published; its text isn't reproduced here.`), props: [prop("framework", one.key), prop("framework-version", one.version)] })),
    ],
  });
}
