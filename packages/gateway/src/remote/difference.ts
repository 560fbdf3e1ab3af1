// What differs between two snapshots, so that a change of one system travels as one system.

type Item = Readonly<Record<string, unknown>>;

/** Lists whose items have a key, and everything else as it stands. Both sides split a snapshot the same way. */
export interface Divided {
  readonly lists: ReadonlyMap<string, ReadonlyMap<string, Item>>;
  readonly members: ReadonlyMap<string, unknown>;
}

/** The same, each item and member as JSON text: what a change is found by. */
export interface Texts {
  readonly lists: ReadonlyMap<string, ReadonlyMap<string, string>>;
  readonly members: ReadonlyMap<string, string>;
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

function join({ lists, members }: Divided): Record<string, unknown> {
  const value: Record<string, unknown> = {};
  const inner: Record<string, unknown> = {};
  const put = (name: string, member: unknown): void => {
    if (name.startsWith(`${nested}.`)) inner[name.slice(nested.length + 1)] = member;
    else value[name] = member;
  };
  for (const [name, member] of members) put(name, member);
  for (const [name, list] of lists) put(name, [...list.values()]);
  return Object.keys(inner).length === 0 ? value : { ...value, [nested]: inner };
}

/** Undefined where items have no key of their own, or share one. */
function keyedList(member: unknown): ReadonlyMap<string, Item> | undefined {
  if (!Array.isArray(member)) return undefined;
  const keyed = new Map<string, Item>();
  for (const item of member as readonly unknown[]) {
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

export function textsOf({ lists, members }: Divided): Texts {
  return {
    lists: new Map([...lists].map(([name, list]) => [name, new Map([...list].map(([key, item]) => [key, itemText(item)]))])),
    members: new Map([...members].map(([name, member]) => [name, JSON.stringify(member)])),
  };
}

/** What makes the one into the other; undefined: nothing. */
export function differenceOf(before: Texts, after: Texts, now: Divided): Difference | undefined {
  const lists: Record<string, ListChange> = {};
  const members: Record<string, unknown> = {};
  for (const [name, texts] of after.lists) {
    const change = listChange(before.lists.get(name), texts, now.lists.get(name)!);
    if (change !== undefined) lists[name] = change;
  }
  for (const [name, text] of after.members) if (before.members.get(name) !== text) members[name] = now.members.get(name);
  // What is a list now and was none, or the other way round, is dropped under its old form first.
  const dropped = [
    ...[...before.lists.keys()].filter((name) => !after.lists.has(name)),
    ...[...before.members.keys()].filter((name) => !after.members.has(name)),
  ];
  const none = Object.keys(lists).length === 0 && Object.keys(members).length === 0 && dropped.length === 0;
  return none ? undefined : { lists, members, dropped };
}

function listChange(before: ReadonlyMap<string, string> | undefined, after: ReadonlyMap<string, string>, items: ReadonlyMap<string, Item>): ListChange | undefined {
  const all = (): ListChange => ({ all: [...items.values()] });
  if (before === undefined) return all();
  const remove = [...before.keys()].filter((key) => !after.has(key));
  const set: { item: Item; after?: string | null }[] = [];
  const kept = before.keys();
  let previous: string | null = null;
  for (const [key, text] of after) {
    const known = before.get(key);
    if (known === undefined) set.push({ item: items.get(key)!, after: previous });
    else {
      // Kept ones must follow each other as they did.
      let next = kept.next();
      while (!next.done && !after.has(next.value)) next = kept.next();
      if (next.done || next.value !== key) return all();
      if (known !== text) set.push({ item: items.get(key)! });
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
  const divided = divide(value);
  const nextLists = new Map(divided.lists);
  const nextMembers = new Map(divided.members);
  for (const name of dropped) {
    nextLists.delete(name);
    nextMembers.delete(name);
  }
  for (const [name, member] of Object.entries(members)) nextMembers.set(name, member);
  for (const [name, change] of Object.entries(lists)) nextLists.set(name, changedList(name, divided.lists.get(name), change));
  return join({ lists: nextLists, members: nextMembers });
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
