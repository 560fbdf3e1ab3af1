import type { SealingKey } from "../snapshot.ts";

/** Looks keys up by system; a name that no system has is sealed under the organization's own key, so it is recorded too. */
export function sealingKeyLookup(current: () => readonly SealingKey[]): (system: string | null) => SealingKey | undefined {
  let keys: readonly SealingKey[] = [];
  let bySystem = new Map<string | null, SealingKey>();
  return (system) => {
    const now = current();
    if (now !== keys) {
      keys = now;
      bySystem = new Map(keys.map((key) => [key.system, key]));
    }
    return bySystem.get(system) ?? bySystem.get(null);
  };
}
