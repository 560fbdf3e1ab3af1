import type { CredentialFacts } from "@mandate/model";

/** Credentials by the hash of their key and by their id. */
export class CredentialIndex {
  readonly #list: readonly CredentialFacts[];
  readonly #places: Places;

  constructor(list: readonly CredentialFacts[], places: Places = placesOf(list)) {
    this.#list = list;
    this.#places = places;
  }

  /** @param hash hex SHA-256 of the whole key */
  ofKey(hash: string): CredentialFacts | undefined {
    return this.#at(this.#places.byKey.get(hash));
  }

  ofId(id: string): CredentialFacts | undefined {
    return this.#at(this.#places.byId.get(id));
  }

  /** The index of the list that follows this one. A revoked key stands where it stood: among a hundred thousand, nothing is read again. */
  following(list: readonly CredentialFacts[]): CredentialIndex {
    if (list === this.#list) return this;
    const stayed = list.length === this.#list.length && list.every((one, at) => isPlaced(one, this.#list[at]!));
    return new CredentialIndex(list, stayed ? this.#places : placesOf(list));
  }

  #at(place: number | undefined): CredentialFacts | undefined {
    return place === undefined ? undefined : this.#list[place];
  }
}

interface Places {
  readonly byKey: ReadonlyMap<string, number>;
  readonly byId: ReadonlyMap<string, number>;
}

function placesOf(list: readonly CredentialFacts[]): Places {
  const byKey = new Map<string, number>();
  const byId = new Map<string, number>();
  for (const [at, { id, keyHash }] of list.entries()) {
    if (keyHash !== null) byKey.set(keyHash, at);
    byId.set(id, at);
  }
  return { byKey, byId };
}

function isPlaced(one: CredentialFacts, before: CredentialFacts): boolean {
  return one === before || (one.id === before.id && one.keyHash === before.keyHash);
}
