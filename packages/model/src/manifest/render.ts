import { stringify } from "yaml";

/** A register object as the manifest that would make it. Ends in a line feed. */
export function renderManifest(object: {
  readonly kind: string;
  readonly name: string;
  readonly metadata?: { readonly unit?: string | null; readonly labels?: Readonly<Record<string, string>> };
  readonly spec: Readonly<Record<string, unknown>>;
}): string {
  const labels = object.metadata?.labels ?? {};
  const metadata = {
    name: object.name,
    ...(object.metadata?.unit ? { unit: object.metadata.unit } : {}),
    ...(Object.keys(labels).length > 0 ? { labels } : {}),
  };
  return stringify({ apiVersion: "v1", kind: object.kind, metadata, spec: object.spec }, { lineWidth: 120, aliasDuplicateObjects: false });
}
