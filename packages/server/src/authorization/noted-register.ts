import type { EntityKind } from "@mandate/model";
import type { Register, RegisterView, StoredObject } from "../registry/index.ts";

/** What a derivation read: it gives the same as long as all of this is the same, absent objects included. */
export interface Noted {
  readonly objects: ReadonlyMap<string, { readonly kind: EntityKind; readonly name: string; readonly object: StoredObject | undefined }>;
  /** By kind: stands for the whole list. */
  readonly lists: ReadonlyMap<EntityKind, object>;
}

/** A register whose lists have names: the same one as long as the same objects are in it. */
export class NamedLists {
  readonly #kinds = new Map<EntityKind, { readonly objects: readonly StoredObject[]; readonly name: object }>();
  #register: Register | undefined;

  follow(register: Register): void {
    if (register === this.#register) return;
    this.#register = register;
    for (const [kind, known] of this.#kinds) this.#kinds.set(kind, named(register.all(kind), known));
  }

  nameOf(kind: EntityKind): object {
    let known = this.#kinds.get(kind);
    if (known === undefined) this.#kinds.set(kind, (known = named(this.#register?.all(kind) ?? [])));
    return known.name;
  }
}

function named(objects: readonly StoredObject[], before?: { readonly objects: readonly StoredObject[]; readonly name: object }): { readonly objects: readonly StoredObject[]; readonly name: object } {
  const same = before !== undefined && before.objects.length === objects.length && objects.every((object, at) => object === before.objects[at]);
  return same ? before : { objects, name: {} };
}

/** The register, and a note of what was read of it. */
export function noting(register: Register, lists: NamedLists): { readonly view: RegisterView; readonly noted: Noted } {
  const noted = { objects: new Map<string, { kind: EntityKind; name: string; object: StoredObject | undefined }>(), lists: new Map<EntityKind, object>() };
  const view: RegisterView = {
    get: (kind, name) => {
      const object = register.get(kind, name);
      noted.objects.set(`${kind}/${name}`, { kind, name, object });
      return object;
    },
    all: (kind) => {
      noted.lists.set(kind, lists.nameOf(kind));
      return register.all(kind);
    },
  };
  return { view, noted };
}

/** Whether a reading of `register` would meet the same. */
export function isStillSo({ objects, lists: kinds }: Noted, register: Register, lists: NamedLists): boolean {
  for (const [kind, name] of kinds) if (lists.nameOf(kind) !== name) return false;
  for (const { kind, name, object } of objects.values()) if (register.get(kind, name) !== object) return false;
  return true;
}
