/**
 * Which region names contain which others. Data, not an enum: a register may name any region (`eu-central-1`,
 * `on-prem-berlin`); one that is not in this table contains only itself.
 */
const union = [
  "AT",
  "BE",
  "BG",
  "HR",
  "CY",
  "CZ",
  "DK",
  "EE",
  "FI",
  "FR",
  "DE",
  "GR",
  "HU",
  "IE",
  "IT",
  "LV",
  "LT",
  "LU",
  "MT",
  "NL",
  "PL",
  "PT",
  "RO",
  "SK",
  "SI",
  "ES",
  "SE",
];
const members: ReadonlyMap<string, readonly string[]> = new Map([
  ["EU", union],
  ["EEA", ["EU", ...union, "IS", "LI", "NO"]],
]);

/** Every region named, with all that lie inside it. Names compare without regard to case. */
export function coveredJurisdictions(regions: readonly string[]): ReadonlySet<string> {
  const covered = new Set<string>();
  for (const region of regions) {
    const name = normaliseRegion(region);
    covered.add(name);
    for (const member of members.get(name) ?? []) covered.add(member);
  }
  return covered;
}

export function regionWithin(region: string | null, regions: readonly string[]): boolean {
  return region !== null && coveredJurisdictions(regions).has(normaliseRegion(region));
}

export function normaliseRegion(region: string): string {
  return region.trim().toUpperCase();
}
