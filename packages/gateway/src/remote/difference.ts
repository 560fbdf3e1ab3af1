// What differs between two snapshots, so that a change of one system travels as one system.

type Item = Readonly<Record<string, unknown>>;

/** A list and where each of its keys stands: a change that moves nothing leaves the places as they were. */
interface Keyed {
  readonly items: readonly Item[];
  readonly places: ReadonlyMap<string, number>;
}

/** Lists whose items have a key, and everything else as it stands. Both sides split a snapshot the same way. */
export interface Divided {
  readonly lists: ReadonlyMap<string, Keyed>;
  readonly members: ReadonlyMap<string, unknown>;
}

export interface Difference {
  readonly lists: Readonly<Record<string, ListChange>>;
  readonly members: Readonly<Record<string, unknown>>;
  readonly dropped: readonly string[];
}

interface ListChange {
  /** Keys that are gone. */
  readonly remove?: readonly string[];
  /** In the order of the new list; `after` (null: first) stands on new ones alone. */
  readonly set?: readonly { readonly item: Item; readonly after?: string | null }[];
  /** The whole list: its items changed places. */
  readonly all?: readonly Item[];
}

/** Members of a snapshot that hold lists in turn. */
const nested = "facts";

/** @param like what it is likely to resemble: lists with the same keys in the same order share their places */
export function divide(value: Readonly<Record<string, unknown>>, like?: Divided): Divided {
  const lists = new Map<string, Keyed>();
  const members = new Map<string, unknown>();
  const take = (name: string, member: unknown): void => {
    const keyed = keyedList(member, like?.lists.get(name));
    if (keyed !== undefined) lists.set(name, keyed);
    else if (member !== undefined) members.set(name, member);
  };
  for (const [name, member] of Object.entries(value)) {
    if (name === nested && isItem(member)) for (const [inner, list] of Object.entries(member)) take(`${nested}.${inner}`, list);
    else take(name, member);
  }
  return { lists, members };
}

/** Lists that didn't change are the same arrays from one snapshot to the next, and are read once. */
const keyedOf = new WeakMap<object, Keyed | "unkeyed">();

/** Undefined where items have no key of their own, or share one. */
function keyedList(member: unknown, like?: Keyed): Keyed | undefined {
  if (!Array.isArray(member)) return undefined;
  const known = keyedOf.get(member);
  if (known !== undefined) return known === "unkeyed" ? undefined : known;
  const places = like !== undefined && haveSameKeys(like.items, member) ? like.places : readPlaces(member);
  const keyed = places === undefined ? undefined : { items: member as readonly Item[], places };
  keyedOf.set(member, keyed ?? "unkeyed");
  return keyed;
}

function haveSameKeys(one: readonly Item[], other: readonly unknown[]): boolean {
  return one.length === other.length && one.every((item, at) => item === other[at] || keyOf(item) === keyOf(other[at]));
}

function readPlaces(member: readonly unknown[]): ReadonlyMap<string, number> | undefined {
  const places = new Map<string, number>();
  for (const [at, item] of member.entries()) {
    const key = keyOf(item);
    if (key === undefined || places.has(key)) return undefined;
    places.set(key, at);
  }
  return places;
}

function keyOf(item: unknown): string | undefined {
  if (!isItem(item)) return undefined;
  const key = item.id ?? item.kid ?? item.name;
  return typeof key === "string" ? key : undefined;
}

function isItem(value: unknown): value is Item {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A snapshot that differs in one item holds the others as the same objects: their texts are made once. */
const textOfItem = new WeakMap<Item, string>();

function itemText(item: Item): string {
  let text = textOfItem.get(item);
  if (text === undefined) textOfItem.set(item, (text = JSON.stringify(item)));
  return text;
}

/** What makes the one into the other; undefined: nothing. Same objects are taken for unchanged, others compared as JSON. */
export function differenceOf(before: Divided, after: Divided): Difference | undefined {
  const lists: Record<string, ListChange> = {};
  const members: Record<string, unknown> = {};
  for (const [name, items] of after.lists) {
    const change = listChange(before.lists.get(name), items);
    if (change !== undefined) lists[name] = change;
  }
  for (const [name, member] of after.members) {
    const known = before.members.get(name);
    if (known === undefined || (known !== member && JSON.stringify(known) !== JSON.stringify(member))) members[name] = member;
  }
  // What is a list now and was none, or the other way round, is dropped under its old form first.
  const dropped = [
    ...[...before.lists.keys()].filter((name) => !after.lists.has(name)),
    ...[...before.members.keys()].filter((name) => !after.members.has(name)),
  ];
  const none = Object.keys(lists).length === 0 && Object.keys(members).length === 0 && dropped.length === 0;
  return none ? undefined : { lists, members, dropped };
}

function isSame(one: Item, other: Item): boolean {
  return one === other || itemText(one) === itemText(other);
}

function listChange(before: Keyed | undefined, after: Keyed): ListChange | undefined {
  if (before === after) return undefined;
  if (before === undefined) return { all: after.items };
  if (before.places === after.places || haveSameKeys(before.items, after.items)) {
    const set = after.items.filter((item, at) => !isSame(before.items[at]!, item)).map((item) => ({ item }));
    return set.length === 0 ? undefined : { set };
  }
  const remove = [...before.places.keys()].filter((key) => !after.places.has(key));
  const set: { item: Item; after?: string | null }[] = [];
  // Kept ones must follow each other as they did.
  const kept = before.items.filter((item) => after.places.has(keyOf(item)!));
  let next = 0;
  let previous: string | null = null;
  for (const item of after.items) {
    const key = keyOf(item)!;
    if (before.places.has(key)) {
      const known = kept[next++]!;
      if (keyOf(known) !== key) return { all: after.items };
      if (!isSame(known, item)) set.push({ item });
    } else set.push({ item, after: previous });
    previous = key;
  }
  return { ...(remove.length === 0 ? {} : { remove }), ...(set.length === 0 ? {} : { set }) };
}

/**
 * The value that `difference` makes of `value`. What it doesn't name is the same object as before, so that whoever
 * remembers work by object does none of it again.
 * @throws when it doesn't fit: it was made for another value
 */
export function applyDifference(value: Readonly<Record<string, unknown>>, { lists, members, dropped }: Difference): Record<string, unknown> {
  const made: Record<string, unknown> = { ...value };
  let inner: Record<string, unknown> | undefined;
  // The nested object is a new one only when something in it is.
  const place = (name: string): [Record<string, unknown>, string] => {
    if (!name.startsWith(`${nested}.`)) return [made, name];
    if (inner === undefined) {
      inner = isItem(made[nested]) ? { ...made[nested] } : {};
      made[nested] = inner;
    }
    return [inner, name.slice(nested.length + 1)];
  };
  const held = (name: string): unknown => {
    if (!name.startsWith(`${nested}.`)) return value[name];
    return isItem(value[nested]) ? value[nested][name.slice(nested.length + 1)] : undefined;
  };
  for (const name of dropped) {
    const [at, member] = place(name);
    // oxlint-disable-next-line typescript/no-dynamic-delete
    delete at[member];
  }
  for (const [name, member] of Object.entries(members)) {
    const [at, own] = place(name);
    at[own] = member;
  }
  for (const [name, change] of Object.entries(lists)) {
    const [at, own] = place(name);
    const list = changedList(name, keyedList(held(name)), change);
    keyedOf.set(list.items, list);
    at[own] = list.items;
  }
  return made;
}

function changedList(name: string, before: Keyed | undefined, { all, remove = [], set = [] }: ListChange): Keyed {
  if (all !== undefined) {
    const list = keyedList(all);
    if (list === undefined) throw doesNotFit(name);
    return list;
  }
  if (before === undefined) throw doesNotFit(name);
  return remove.length === 0 && set.every(({ after }) => after === undefined) ? changedInPlace(name, before, set) : rebuiltList(name, before, remove, set);
}

/** A change of one key among a hundred thousand costs one copy of the list's pointers. */
function changedInPlace(name: string, before: Keyed, set: readonly { readonly item: Item }[]): Keyed {
  const items = before.items.slice();
  for (const { item } of set) {
    const key = keyOf(item);
    const at = key === undefined ? undefined : before.places.get(key);
    if (at === undefined) throw doesNotFit(name);
    items[at] = item;
  }
  return { items, places: before.places };
}

function rebuiltList(name: string, before: Keyed, remove: readonly string[], set: NonNullable<ListChange["set"]>): Keyed {
  const left = new Map(before.items.map((item) => [keyOf(item)!, item]));
  for (const key of remove) if (!left.delete(key)) throw doesNotFit(name);
  // Each place has one successor, so that a thousand new ones in a row are a walk and no recursion.
  const following = new Map<string | null, readonly [string, Item]>();
  for (const { item, after } of set) {
    const key = keyOf(item);
    if (key === undefined || (after === undefined) !== left.has(key)) throw doesNotFit(name);
    if (after === undefined) left.set(key, item);
    else if (following.has(after)) throw doesNotFit(name);
    else following.set(after, [key, item]);
  }
  const made = new Map<string, Item>();
  const follow = (key: string | null): void => {
    for (let next = following.get(key); next !== undefined && !made.has(next[0]); next = following.get(next[0])) made.set(...next);
  };
  follow(null);
  for (const [key, item] of left) {
    made.set(key, item);
    follow(key);
  }
  if (made.size !== left.size + following.size) throw doesNotFit(name);
  const items = [...made.values()];
  return { items, places: readPlaces(items)! };
}

function doesNotFit(name: string): Error {
  return new Error(`the change of \`${name}\` was made for another snapshot`);
}
