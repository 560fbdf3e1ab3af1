import { CedarRecord, CedarSet, Datetime, Decimal, Duration, Entity, entityKey, type Value } from "./values.ts";
import type { Environment } from "./expression.ts";

/** Random policies and worlds for the differential test: mostly well typed, often not, always parseable. */

/** Seeded (mulberry32), so that a mismatch can be repeated from its seed. */
export class Random {
  #state: number;
  constructor(seed: number) {
    this.#state = seed >>> 0;
  }
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }
  below(limit: number): number {
    return Math.floor(this.next() * limit);
  }
  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)]!;
  }
  chance(probability: number): boolean {
    return this.next() < probability;
  }
}

const types = ["A::User", "A::Group", "A::Thing"] as const;
const ids = ["a", "b", "c", 'q"t', "ü\\"] as const;
const names = ["flag", "count", "name", "tags", "nested", "owner", "price", "when", "span", "missing"] as const;
const strings = ["", "a", "abc", "a*c", "xyz", "EUR", "ä"] as const;
const longs = [0, 1, -1, 2, 7, 80, 4_611_686, 9_007_199_254_740_991, -9_007_199_254_740_991] as const;
const decimals = ["0.0", "80.00", "-1.5", "40.0001", "922337203685477.5807", "-922337203685477.5808"] as const;
const instants = ["2026-01-01", "1969-12-31T23:59:59Z", "2026-06-13T10:00:00.500+0200", "0001-01-01"] as const;
const spans = ["1d", "-3h30m", "0ms", "100000d5ms"] as const;
const addresses = ["127.0.0.1", "10.0.0.0/8", "10.1.2.3", "::1", "ff02::1", "2001:db8::/32", "224.0.0.1"] as const;

const quote = (text: string): string =>
  `"${text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("*", "*")}"`;
const entityText = (random: Random): string => `${random.pick(types)}::${quote(random.pick(ids))}`;

type Kind = "bool" | "long" | "string" | "set" | "record" | "entity" | "decimal" | "datetime" | "duration" | "ip";
const kinds: readonly Kind[] = [
  "bool",
  "long",
  "string",
  "set",
  "record",
  "entity",
  "decimal",
  "datetime",
  "duration",
  "ip",
];

/** Which kind an attribute usually has; one in ten has another. */
const attributeKinds: Readonly<Record<string, Kind>> = {
  flag: "bool",
  count: "long",
  name: "string",
  tags: "set",
  nested: "record",
  owner: "entity",
  price: "decimal",
  when: "datetime",
  span: "duration",
};

export function randomPolicy(random: Random): string {
  const effect = random.pick(["permit", "forbid"]);
  const principal = random.pick([
    "principal",
    "principal",
    "principal",
    "principal",
    "principal",
    "principal",
    `principal == ${entityText(random)}`,
    `principal in ${entityText(random)}`,
    "principal is A::User",
    `principal is A::User in ${entityText(random)}`,
  ]);
  const action = random.pick([
    "action",
    "action",
    "action",
    'action == A::Action::"do"',
    'action in A::Action::"any"',
    'action in [A::Action::"do", A::Action::"see"]',
  ]);
  const resource = random.pick([
    "resource",
    "resource",
    "resource",
    "resource",
    "resource",
    "resource",
    `resource == ${entityText(random)}`,
    `resource in ${entityText(random)}`,
    "resource is A::Thing",
  ]);
  const clauses = Array.from(
    { length: random.below(3) },
    () => `${random.pick(["when", "unless"])} { ${expression(random, "bool", 1 + random.below(4))} }`,
  );
  return `${effect} (${principal}, ${action}, ${resource}) ${clauses.join(" ")};`;
}

function expression(random: Random, wanted: Kind, depth: number): string {
  // one in fifty is of some other type, so that type errors are compared too
  const kind = random.chance(1 / 50) ? random.pick(kinds) : wanted;
  if (depth <= 0 || random.chance(0.15)) return random.chance(0.5) ? leaf(random, kind) : access(random, kind);
  const e = (of: Kind): string => expression(random, of, depth - 1);
  if (random.chance(0.08)) return `(if ${e("bool")} then ${e(kind)} else ${e(kind)})`;
  switch (kind) {
    case "bool":
      return booleanExpression(random, e, depth);
    case "long":
      return random.pick([
        () => `(${e("long")} ${random.pick(["+", "-", "*"])} ${e("long")})`,
        () => `-(${e("long")})`,
        () => `${e("duration")}.${random.pick(["toMilliseconds", "toSeconds", "toMinutes", "toHours", "toDays"])}()`,
        () => access(random, "long"),
      ])();
    case "set":
      return `[${Array.from({ length: random.below(4) }, () => e(random.pick(kinds))).join(", ")}]`;
    case "record":
      return `{${[...new Set([random.pick(names), random.pick(names)])].map((name) => `${name}: ${e(random.pick(kinds))}`).join(", ")}}`;
    case "datetime":
      return random.pick([
        () => `${e("datetime")}.offset(${e("duration")})`,
        () => `${e("datetime")}.toDate()`,
        () => access(random, "datetime"),
      ])();
    case "duration":
      return random.pick([
        () => `${e("datetime")}.durationSince(${e("datetime")})`,
        () => `${e("datetime")}.toTime()`,
        () => access(random, "duration"),
      ])();
    default:
      return random.chance(0.5) ? leaf(random, kind) : access(random, kind);
  }
}

function booleanExpression(random: Random, e: (of: Kind) => string, depth: number): string {
  const any = random.pick(kinds);
  return random.pick([
    () => `(${e("bool")} && ${e("bool")})`,
    () => `(${e("bool")} || ${e("bool")})`,
    () => `!(${e("bool")})`,
    () => `(${e(any)} ${random.pick(["==", "!="])} ${e(random.chance(0.8) ? any : random.pick(kinds))})`,
    () => `(${e("long")} ${random.pick(["<", "<=", ">", ">="])} ${e("long")})`,
    () => `(${e("datetime")} < ${e("datetime")})`,
    () => `(${e("duration")} >= ${e("duration")})`,
    () =>
      `${e("decimal")}.${random.pick(["lessThan", "lessThanOrEqual", "greaterThan", "greaterThanOrEqual"])}(${e("decimal")})`,
    () => `(${e("entity")} in ${random.chance(0.6) ? e("entity") : `[${e("entity")}, ${e("entity")}]`})`,
    () => `(${e("entity")} is ${random.pick(types)})`,
    () => `(${e("entity")} is ${random.pick(types)} in ${e("entity")})`,
    () => `(${e(random.pick(["record", "entity"]))} has ${random.pick(names)})`,
    () => `(${random.pick(["context", "principal"])} has nested.${random.pick(names)})`,
    () => `(${e("string")} like ${quote(random.pick(["*", "a*", "*c", "a*c", "", "*b*", "**", "x*z*"]))})`,
    () => `${e("set")}.${random.pick(["contains", "contains"])}(${e(any)})`,
    () => `${e("set")}.${random.pick(["containsAll", "containsAny"])}(${e("set")})`,
    () => `${e("set")}.isEmpty()`,
    () => `${e("ip")}.${random.pick(["isIpv4", "isIpv6", "isLoopback", "isMulticast"])}()`,
    () => `${e("ip")}.isInRange(${e("ip")})`,
    () => (depth > 0 ? access(random, "bool") : "true"),
  ])();
}

function access(random: Random, kind: Kind): string {
  const matching = names.filter((name) => attributeKinds[name] === kind);
  if (matching.length === 0) return leaf(random, kind);
  const root = random.pick([
    "context",
    "context",
    "principal",
    "resource",
    "context.nested",
    "context.owner",
    "principal.owner",
    entityText(random),
  ]);
  return `${root}.${random.chance(0.95) ? random.pick(matching) : "missing"}`;
}

function leaf(random: Random, kind: Kind): string {
  switch (kind) {
    case "bool":
      return random.pick(["true", "false"]);
    case "long":
      return `${random.pick(longs)}`;
    case "string":
      return quote(random.pick(strings));
    case "set":
      return random.pick(["[]", "[1, 2]", '["a", "abc"]', `[${entityText(random)}]`, "[[1], [2, 1], [1, 2, 1]]"]);
    case "record":
      return random.pick(["{}", "{flag: true}", '{count: 1, name: "a"}', "context", "context.nested"]);
    case "entity":
      return random.pick(["principal", "resource", "action", "context.owner", entityText(random)]);
    case "decimal":
      return `decimal(${quote(random.pick(random.chance(0.95) ? decimals : ["40", "1.00000", "x"]))})`;
    case "datetime":
      return `datetime(${quote(random.pick(random.chance(0.95) ? instants : ["2026-02-30", "x"]))})`;
    case "duration":
      return `duration(${quote(random.pick(random.chance(0.95) ? spans : ["", "1m1h", "5"]))})`;
    case "ip":
      return `ip(${quote(random.pick(random.chance(0.95) ? addresses : ["1.2.3", "1.2.3.256", "::1::", "10.0.0.0/33"]))})`;
  }
}

function value(random: Random, kind: Kind, depth: number): Value {
  switch (kind) {
    case "bool":
      return random.chance(0.5);
    case "long":
      return random.pick(longs);
    case "string":
      return random.pick(strings);
    case "set":
      return new CedarSet(
        Array.from({ length: random.below(9) }, () =>
          value(random, depth > 0 ? random.pick(simple) : "string", depth - 1),
        ),
      );
    case "record":
      return new CedarRecord(depth > 0 ? fields(random, depth - 1) : new Map());
    case "entity":
      return new Entity(random.pick(types), random.pick(ids), null);
    case "decimal":
      return new Decimal(random.pick([0, 800_000, -15_000, 400_001]));
    case "datetime":
      return new Datetime(random.pick([0, -1, 1_767_225_600_000]));
    default:
      return new Duration(random.pick([0, 1, -12_600_000, 86_400_000]));
  }
}
const simple: readonly Kind[] = ["bool", "long", "string", "set", "entity", "decimal"];

function fields(random: Random, depth: number): ReadonlyMap<string, Value> {
  const found = new Map<string, Value>();
  for (const [name, kind] of Object.entries(attributeKinds)) {
    if (random.chance(0.85)) found.set(name, value(random, random.chance(0.9) ? kind : random.pick(simple), depth));
  }
  return found;
}

/** A world in which some entities exist, with parents, and a context. References are resolved as a snapshot's are. */
export function randomWorld(random: Random): {
  readonly environment: Environment;
  readonly entities: readonly Entity[];
} {
  const shells = types.flatMap((type) => ids.map((id) => ({ type, id, exists: random.chance(0.7) })));
  const entities = new Map<string, Entity>();
  const actions = [
    new Entity("A::Action", "any", new Map()),
    new Entity("A::Action", "do", new Map(), [entityKey("A::Action", "any")]),
    new Entity("A::Action", "see", new Map()),
  ];
  // parents come later in the list than their children, so there is no cycle, and ancestors are closed by hand
  const ancestors = new Map<string, Set<string>>();
  for (let index = shells.length - 1; index >= 0; index -= 1) {
    const shell = shells[index]!;
    const own = new Set<string>();
    if (shell.exists) {
      for (const parent of shells.slice(index + 1)) {
        if (!random.chance(0.12)) continue;
        const key = entityKey(parent.type, parent.id);
        own.add(key);
        for (const ancestor of ancestors.get(key) ?? []) own.add(ancestor);
      }
      entities.set(entityKey(shell.type, shell.id), new Entity(shell.type, shell.id, fields(random, 1), own));
    }
    ancestors.set(entityKey(shell.type, shell.id), own);
  }
  for (const action of actions) entities.set(action.key, action);
  const linked = new Map(
    [...entities].map(([key, entity]) => [
      key,
      new Entity(entity.type, entity.id, new Map(entity.attributes), [...entity.ancestors]),
    ]),
  );
  for (const entity of linked.values()) link(entity.attributes as Map<string, Value>, linked);
  const context = new Map(fields(random, 2));
  link(context, linked);
  const one = (): Entity => {
    const shell = random.pick(shells);
    return linked.get(entityKey(shell.type, shell.id)) ?? new Entity(shell.type, shell.id, null);
  };
  return {
    environment: {
      principal: one(),
      action: linked.get(random.pick(actions).key)!,
      resource: one(),
      context: new CedarRecord(context),
      entities: linked,
    },
    entities: [...linked.values()],
  };
}

function link(record: Map<string, Value>, entities: ReadonlyMap<string, Entity>): void {
  for (const [name, field] of record) record.set(name, linkValue(field, entities));
}

function linkValue(field: Value, entities: ReadonlyMap<string, Entity>): Value {
  if (field instanceof Entity) return entities.get(field.key) ?? field;
  if (field instanceof CedarSet) return new CedarSet(field.items.map((item) => linkValue(item, entities)));
  if (field instanceof CedarRecord)
    return new CedarRecord(new Map([...field.fields].map(([name, inner]) => [name, linkValue(inner, entities)])));
  return field;
}
