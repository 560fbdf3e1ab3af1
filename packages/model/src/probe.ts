/**
 * What the product plants to see its own refusals. No object of the register can carry such a name (`nameSchema` has no
 * colon), so nobody's call can pass for a probe, and a probe's call never counts as anybody's.
 */
export const probePrefix = "probe:";

/** True for the name of a system, tool or credential that exists only to be refused. */
export function isProbe(name: string | null | undefined): boolean {
  return typeof name === "string" && name.startsWith(probePrefix);
}
