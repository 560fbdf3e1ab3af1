/** A field of a Protocol Buffers message: its number, and its bytes where it is of that wire type. */
export interface ProtoField {
  readonly number: number;
  /** Of length-delimited fields: strings, bytes, messages. */
  readonly bytes: Uint8Array | null;
  /** Of 64-bit fixed fields. */
  readonly fixed64: bigint | null;
}

/** Bytes that are no Protocol Buffers message. */
export class UnreadableProto extends Error {}

const varint = 0;
const eightBytes = 1;
const delimited = 2;
const fourBytes = 5;
const maxVarintBytes = 10;

/**
 * The fields of one message, in order, nothing copied (Protocol Buffers, Encoding). What an inner message holds is read only
 * if somebody asks, so that depth costs nothing. Groups are refused: proto3 has none.
 * @throws UnreadableProto
 */
export function* protoFields(message: Uint8Array): Generator<ProtoField> {
  const view = new DataView(message.buffer, message.byteOffset, message.byteLength);
  let at = 0;
  const readVarint = (): number => {
    let value = 0;
    for (let count = 0; count < maxVarintBytes; count += 1) {
      const byte = message[at];
      if (byte === undefined) throw new UnreadableProto("It ends inside a number.");
      at += 1;
      // Beyond 53 bits it is nobody's length or tag, and no number is read here for its value.
      value += (byte & 0x7f) * 2 ** (7 * count);
      if (byte < 0x80) return value;
    }
    throw new UnreadableProto("A number has no end.");
  };
  const skip = (length: number): number => {
    const from = at;
    if (length > message.length - at) throw new UnreadableProto("A field is longer than what holds it.");
    at += length;
    return from;
  };
  while (at < message.length) {
    const tag = readVarint();
    const number = Math.floor(tag / 8);
    if (number < 1 || number > 0x1fffffff) throw new UnreadableProto("A field has no number that a field can have.");
    switch (tag % 8) {
      case varint:
        readVarint();
        yield { number, bytes: null, fixed64: null };
        break;
      case eightBytes: {
        const from = skip(8);
        yield { number, bytes: null, fixed64: view.getBigUint64(from, true) };
        break;
      }
      case delimited: {
        const length = readVarint();
        const from = skip(length);
        yield { number, bytes: message.subarray(from, from + length), fixed64: null };
        break;
      }
      case fourBytes:
        skip(4);
        yield { number, bytes: null, fixed64: null };
        break;
      default:
        throw new UnreadableProto("A field is of a type that no message has.");
    }
  }
}
