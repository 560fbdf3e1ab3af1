export type Json = Readonly<Record<string, unknown>>;

export function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** Every text that stands as a value or an entity's id, anywhere inside. */
export function textsIn(json: unknown, found: Set<string> = new Set()): Set<string> {
  if (Array.isArray(json)) for (const item of json) textsIn(item, found);
  else if (isObject(json)) {
    for (const [key, value] of Object.entries(json)) {
      if ((key === "Value" || key === "id") && typeof value === "string") found.add(value);
      else textsIn(value, found);
    }
  }
  return found;
}

/** Ids of entities of one type, anywhere inside. */
export function idsIn(json: unknown, type: string, found: Set<string> = new Set()): Set<string> {
  if (Array.isArray(json)) for (const item of json) idsIn(item, type, found);
  else if (isObject(json)) {
    if (json.type === type && typeof json.id === "string") found.add(json.id);
    for (const value of Object.values(json)) idsIn(value, type, found);
  }
  return found;
}
