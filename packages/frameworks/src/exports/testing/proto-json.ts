/** A message of a proto3 file: its fields by the name that they have in JSON. */
export type ProtoMessages = ReadonlyMap<string, ReadonlyMap<string, ProtoField>>;

interface ProtoField {
  /** `string`, `bytes`, `map<string, string>`, `google.protobuf.Struct` or a message of the same file. */
  readonly type: string;
  readonly repeated: boolean;
}

const messageStart = /^message\s+(\w+)\s*\{$/;
const field = /^(repeated\s+)?(map<\s*string\s*,\s*string\s*>|[\w.]+)\s+(\w+)\s*=\s*\d+\s*(?:\[\s*json_name\s*=\s*"([^"]+)"\s*\])?;$/;

/**
 * The messages of a proto3 file that uses strings, bytes, string maps, structs and messages of its own: what in-toto and DSSE
 * publish as their schema. @throws Error at a line that is none of these, so that nothing is passed over
 */
export function protoMessages(text: string): ProtoMessages {
  const messages = new Map<string, Map<string, ProtoField>>();
  const open: string[] = [];
  for (const line of text.split("\n").map((one) => one.replace(/\/\/.*$/, "").trim())) {
    const name = messageStart.exec(line)?.[1];
    const found = field.exec(line);
    if (name !== undefined) {
      messages.set(name, new Map());
      open.push(name);
    } else if (line === "}") open.pop();
    else if (open.length > 0 && found !== null) {
      const [, repeated, type, own, json] = found;
      messages.get(open.at(-1)!)!.set(json ?? own!.replaceAll(/_([a-z])/g, (_all, letter: string) => letter.toUpperCase()), { type: type!.replaceAll(/\s/g, ""), repeated: repeated !== undefined });
    } else if (line !== "" && !/^(?:syntax|package|import|option)\b/.test(line)) throw new Error(`not understood: ${line}`);
  }
  return messages;
}

/** What a JSON value has that proto3's JSON mapping of the message doesn't allow; empty where it fits. */
export function protoProblems(messages: ProtoMessages, name: string, value: unknown, place = ""): readonly string[] {
  const fields = messages.get(name);
  if (fields === undefined) throw new Error(`no message ${name}`);
  if (typeof value !== "object" || value === null || Array.isArray(value)) return [`${place}: is no object`];
  return Object.entries(value).flatMap(([key, given]) => {
    const at = place === "" ? key : `${place}.${key}`;
    const of = fields.get(key);
    if (of === undefined) return [`${at}: the message has no such field`];
    if (!of.repeated) return ofType(messages, of.type, given, at);
    return Array.isArray(given) ? given.flatMap((one, index) => ofType(messages, of.type, one, `${at}[${index}]`)) : [`${at}: is no list`];
  });
}

function ofType(messages: ProtoMessages, type: string, value: unknown, place: string): readonly string[] {
  const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
  switch (type) {
    case "string": return typeof value === "string" ? [] : [`${place}: is no text`];
    case "bytes": return typeof value === "string" && Buffer.from(value, "base64").toString("base64") === value ? [] : [`${place}: is no base64`];
    case "map<string,string>": return isObject ? Object.entries(value).filter(([, one]) => typeof one !== "string").map(([key]) => `${place}.${key}: is no text`) : [`${place}: is no object`];
    case "google.protobuf.Struct": return isObject ? [] : [`${place}: is no object`];
    default: return protoProblems(messages, type, value, place);
  }
}
