import { readFile } from "node:fs/promises";
import { isMap, parseAllDocuments, stringify } from "yaml";

const files = ["company.yaml", "support-concierge.yaml", "systems.yaml", "records.yaml", "gates.yaml"] as const;

export interface ManifestSettings {
  /** Where every model runs instead of at its provider: the scripted one, without version segment. */
  readonly providerUrl: string;
  /** RFC 3339 instant at which Price Watch's pilot ends, so that the sample shows an expired one. */
  readonly priceWatchEnds: string;
}

/** @returns the sample's manifest, one YAML stream: every object labelled `sample`, every model at the scripted provider */
export async function sampleManifest(settings: ManifestSettings): Promise<string> {
  const texts = await Promise.all(
    files.map((file) => readFile(new URL(`./manifest/${file}`, import.meta.url), "utf8")),
  );
  const documents: string[] = [];
  for (const document of texts.flatMap((text) => parseAllDocuments(text))) {
    if (!("contents" in document) || !isMap(document.contents)) continue;
    document.setIn(["metadata", "labels", "sample"], "true");
    const kind = document.get("kind");
    if (kind === "Model") document.setIn(["spec", "endpoint"], `${settings.providerUrl}/v1`);
    if (kind === "AISystem" && document.getIn(["metadata", "name"]) === "price-watch") {
      document.setIn(["spec", "pilot"], { ends: settings.priceWatchEnds });
    }
    documents.push(stringify(document.toJS()));
  }
  return documents.join("---\n");
}
