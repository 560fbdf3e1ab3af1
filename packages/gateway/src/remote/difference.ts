// What differs between two snapshots, so that a change of one system travels as one system.

type Item = Readonly<Record<string, unknown>>;

/** Lists whose items have a key, and everything else as it stands. Both sides split a snapshot the same way. */
export interface Divided {
  readonly lists: ReadonlyMap<string, ReadonlyMap<string, Item>>;
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

export function divide(value: Readonly<Record<string, unknown>>): Divided {
  const lists = new Map<string, ReadonlyMap<string, Item>>();
  const members = new Map<string, unknown>();
  const take = (name: string, member: unknown): void => {
    const keyed = keyedList(member);
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
const keyedOf = new WeakMap<object, ReadonlyMap<string, Item> | "unkeyed">();

/** Undefined where items have no key of their own, or share one. */
function keyedList(member: unknown): ReadonlyMap<string, Item> | undefined {
  if (!Array.isArray(member)) return undefined;
  const known = keyedOf.get(member);
  if (known !== undefined) return known === "unkeyed" ? undefined : known;
  const keyed = readKeys(member);
  keyedOf.set(member, keyed ?? "unkeyed");
  return keyed;
}

function readKeys(member: readonly unknown[]): ReadonlyMap<string, Item> | undefined {
  const keyed = new Map<string, Item>();
  for (const item of member) {
    const key = keyOf(item);
    if (key === undefined || keyed.has(key)) return undefined;
    keyed.set(key, item as Item);
  }
  return keyed;
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

/** Undefined where keys came, went or moved. */
function changedInPlace(before: ReadonlyMap<string, Item>, after: ReadonlyMap<string, Item>): readonly Item[] | undefined {
  if (before.size !== after.size) return undefined;
  const items: Item[] = [];
  const known = before.values();
  const keys = before.keys();
  for (const [key, item] of after) {
    if (keys.next().value !== key) return undefined;
    const one = known.next().value!;
    if (!isSame(one, item)) items.push(item);
  }
  return items;
}

function listChange(before: ReadonlyMap<string, Item> | undefined, after: ReadonlyMap<string, Item>): ListChange | undefined {
  if (before === after) return undefined;
  const all = (): ListChange => ({ all: [...after.values()] });
  if (before === undefined) return all();
  const inPlace = changedInPlace(before, after);
  if (inPlace !== undefined) return inPlace.length === 0 ? undefined : { set: inPlace.map((item) => ({ item })) };
  const remove = [...before.keys()].filter((key) => !after.has(key));
  const set: { item: Item; after?: string | null }[] = [];
  const kept = before.keys();
  let previous: string | null = null;
  for (const [key, item] of after) {
    const known = before.get(key);
    if (known === undefined) set.push({ item, after: previous });
    else {
      // Kept ones must follow each other as they did.
      let next = kept.next();
      while (!next.done && !after.has(next.value)) next = kept.next();
      if (next.done || next.value !== key) return all();
      if (!isSame(known, item)) set.push({ item });
    }
    previous = key;
  }
  if (remove.length === 0 && set.length === 0) return undefined;
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
    const items = [...list.values()];
    keyedOf.set(items, list);
    at[own] = items;
  }
  return made;
}

function changedList(name: string, before: ReadonlyMap<string, Item> | undefined, { all, remove = [], set = [] }: ListChange): ReadonlyMap<string, Item> {
  if (all !== undefined) {
    const list = keyedList(all);
    if (list === undefined) throw doesNotFit(name);
    return list;
  }
  if (before === undefined) throw doesNotFit(name);
  const left = new Map(before);
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
  if (following.size === 0) return left;
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
  return made;
}

function doesNotFit(name: string): Error {
  return new Error(`the change of \`${name}\` was made for another snapshot`);
}
