import type { PromptFacts, SpecOf } from "@mandate/model";
import type { VersionManifest } from "./version.ts";

const slotPattern = /\{\{\s*([A-Za-z0-9_.-]{1,64})\s*\}\}/g;
const defaultSlotLength = 1000;

/** Templates of a version, cut into what must stand word for word and what may vary. */
export function promptFacts(manifest: VersionManifest): PromptFacts[] {
  return manifest.grants.prompts.flatMap((name) => {
    const spec = manifest.objects[`prompt:${name}`] as SpecOf<"Prompt"> | undefined;
    if (!spec) return [];
    const slots = [...spec.template.matchAll(slotPattern)].map(([, slot]) => {
      const said = spec.slots?.[slot!];
      return { type: said?.type ?? "text", maxLength: said?.maxLength ?? defaultSlotLength, charset: said?.charset ?? "any" } as const;
    });
    return [{ name, segments: spec.template.split(/\{\{\s*[A-Za-z0-9_.-]{1,64}\s*\}\}/), slots }];
  });
}
