import {
  Datetime,
  Decimal,
  Duration,
  EvaluationError,
  IpAddress,
  type Long,
  subtract,
  add,
  toLong,
  type Value,
} from "./values.ts";

/** Cedar's extension types, as RFC 63, RFC 80 and the `ipaddr` reference define them. */
type ExtensionFunction = (args: readonly Value[]) => Value;

const dayMs = 86_400_000;
const decimalPattern = /^(-?)(\d{1,19})\.(\d{1,4})$/;

/** @throws EvaluationError unless `text` has one to four places and fits an i64 of ten-thousandths. */
export function parseDecimal(text: string): Decimal {
  const match = decimalPattern.exec(text);
  if (match === null) throw new EvaluationError("not a decimal");
  const units = BigInt(`${match[2]}${match[3]!.padEnd(4, "0")}`);
  return new Decimal(toLong(match[1] === "-" ? -units : units));
}

const dayPattern = /^(\d{4})-(\d{2})-(\d{2})(?:T(\d{2}):(\d{2}):(\d{2})(?:\.(\d{3}))?(?:Z|([+-])(\d{2})(\d{2})))?$/;

export function parseDatetime(text: string): Datetime {
  const match = dayPattern.exec(text);
  if (match === null) throw new EvaluationError("not a datetime");
  const [year, month, day, hour, minute, second, milli] = match.slice(1, 8).map((part) => Number(part ?? 0));
  const date = new Date(0);
  date.setUTCFullYear(year!, month! - 1, day);
  if (date.getUTCMonth() !== month! - 1 || date.getUTCDate() !== day) throw new EvaluationError("not a day");
  if (hour! > 23 || minute! > 59 || second! > 59) throw new EvaluationError("not a time");
  const offsetHours = Number(match[9] ?? 0);
  const offsetMinutes = Number(match[10] ?? 0);
  if (offsetHours > 23 || offsetMinutes > 59) throw new EvaluationError("not an offset");
  const offsetMs = (offsetHours * 60 + offsetMinutes) * 60_000 * (match[8] === "-" ? -1 : 1);
  return new Datetime(date.getTime() + ((hour! * 60 + minute!) * 60 + second!) * 1000 + milli! - offsetMs);
}

const durationPattern = /^(-?)(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m(?!s))?(?:(\d+)s)?(?:(\d+)ms)?$/;
const unitsMs = [86_400_000n, 3_600_000n, 60_000n, 1000n, 1n];

export function parseDuration(text: string): Duration {
  const match = durationPattern.exec(text);
  if (match === null || !/\d/.test(text)) throw new EvaluationError("not a duration");
  let total = 0n;
  for (const [index, unit] of unitsMs.entries()) {
    const digits = match[index + 2];
    if (digits === undefined) continue;
    total += unit * BigInt(toLong(BigInt(digits)));
  }
  return new Duration(toLong(match[1] === "-" ? -total : total));
}

export function parseIp(text: string): IpAddress {
  const [addressText, prefixText, ...rest] = text.split("/");
  if (addressText === undefined || rest.length > 0 || text.length > 43) throw new EvaluationError("not an IP address");
  const v6 = addressText.includes(":");
  const address = v6 ? parseV6(addressText) : parseV4(addressText);
  const width = v6 ? 128 : 32;
  if (prefixText === undefined) return new IpAddress(v6, address, width);
  if (!/^(0|[1-9]\d{0,2})$/.test(prefixText) || Number(prefixText) > width) throw new EvaluationError("not a prefix");
  return new IpAddress(v6, address, Number(prefixText));
}

function parseV4(text: string): bigint {
  const parts = text.split(".");
  if (parts.length !== 4) throw new EvaluationError("not an IP address");
  let address = 0n;
  for (const part of parts) {
    if (!/^(0|[1-9]\d{0,2})$/.test(part) || Number(part) > 255) throw new EvaluationError("not an IP address");
    address = (address << 8n) | BigInt(part);
  }
  return address;
}

function parseV6(text: string): bigint {
  const halves = text.split("::");
  if (halves.length > 2) throw new EvaluationError("not an IP address");
  const groups = (half: string): readonly string[] => (half === "" ? [] : half.split(":"));
  const head = groups(halves[0]!);
  const tail = halves.length === 2 ? groups(halves[1]!) : [];
  const missing = 8 - head.length - tail.length;
  if (halves.length === 2 ? missing < 1 : missing !== 0) throw new EvaluationError("not an IP address");
  let address = 0n;
  for (const group of [...head, ...new Array<string>(missing).fill("0"), ...tail]) {
    if (!/^[0-9a-fA-F]{1,4}$/.test(group)) throw new EvaluationError("not an IP address");
    address = (address << 16n) | BigInt(`0x${group}`);
  }
  return address;
}

function ipInRange(inner: IpAddress, outer: IpAddress): boolean {
  if (inner.v6 !== outer.v6 || inner.prefix < outer.prefix) return false;
  const shift = BigInt((outer.v6 ? 128 : 32) - outer.prefix);
  return inner.address >> shift === outer.address >> shift;
}

const loopbacks = [parseIp("127.0.0.0/8"), parseIp("::1")];
const multicasts = [parseIp("224.0.0.0/4"), parseIp("ff00::/8")];

/** Rounds toward zero, as Cedar's duration conversions do. */
function durationIn(duration: Duration, unitMs: number): Long {
  return toLong(BigInt(duration.ms) / BigInt(unitMs));
}

function startOfDay(moment: Datetime): Datetime {
  const ms = BigInt(moment.ms);
  const day = BigInt(dayMs);
  const remainder = ((ms % day) + day) % day;
  return new Datetime(toLong(ms - remainder));
}

function argument<T>(args: readonly Value[], index: number, type: abstract new (...rest: never[]) => T): T {
  const value = args[index];
  if (value instanceof type) return value;
  throw new EvaluationError(`expected ${type.name.toLowerCase()}`);
}

function textArgument(args: readonly Value[]): string {
  const value = args[0];
  if (typeof value !== "string") throw new EvaluationError("expected string");
  return value;
}

const compareDecimals =
  (test: (a: Long, b: Long) => boolean): ExtensionFunction =>
  (args) =>
    test(argument(args, 0, Decimal).units, argument(args, 1, Decimal).units);

const convertDuration =
  (unitMs: number): ExtensionFunction =>
  (args) =>
    durationIn(argument(args, 0, Duration), unitMs);

/** Name to arity and function; what is not here does not compile. */
export const extensionFunctions: ReadonlyMap<string, { readonly arity: number; readonly call: ExtensionFunction }> =
  new Map(
    Object.entries({
      decimal: { arity: 1, call: (args: readonly Value[]) => parseDecimal(textArgument(args)) },
      lessThan: { arity: 2, call: compareDecimals((a, b) => a < b) },
      lessThanOrEqual: { arity: 2, call: compareDecimals((a, b) => a <= b) },
      greaterThan: { arity: 2, call: compareDecimals((a, b) => a > b) },
      greaterThanOrEqual: { arity: 2, call: compareDecimals((a, b) => a >= b) },
      datetime: { arity: 1, call: (args: readonly Value[]) => parseDatetime(textArgument(args)) },
      duration: { arity: 1, call: (args: readonly Value[]) => parseDuration(textArgument(args)) },
      offset: {
        arity: 2,
        call: (args: readonly Value[]) =>
          new Datetime(add(argument(args, 0, Datetime).ms, argument(args, 1, Duration).ms)),
      },
      durationSince: {
        arity: 2,
        call: (args: readonly Value[]) =>
          new Duration(subtract(argument(args, 0, Datetime).ms, argument(args, 1, Datetime).ms)),
      },
      toDate: { arity: 1, call: (args: readonly Value[]) => startOfDay(argument(args, 0, Datetime)) },
      toTime: {
        arity: 1,
        call: (args: readonly Value[]) => {
          const day = BigInt(dayMs);
          const ms = BigInt(argument(args, 0, Datetime).ms);
          return new Duration(toLong(((ms % day) + day) % day));
        },
      },
      toMilliseconds: { arity: 1, call: convertDuration(1) },
      toSeconds: { arity: 1, call: convertDuration(1000) },
      toMinutes: { arity: 1, call: convertDuration(60_000) },
      toHours: { arity: 1, call: convertDuration(3_600_000) },
      toDays: { arity: 1, call: convertDuration(dayMs) },
      ip: { arity: 1, call: (args: readonly Value[]) => parseIp(textArgument(args)) },
      isIpv4: { arity: 1, call: (args: readonly Value[]) => !argument(args, 0, IpAddress).v6 },
      isIpv6: { arity: 1, call: (args: readonly Value[]) => argument(args, 0, IpAddress).v6 },
      isLoopback: {
        arity: 1,
        call: (args: readonly Value[]) => loopbacks.some((range) => ipInRange(argument(args, 0, IpAddress), range)),
      },
      isMulticast: {
        arity: 1,
        call: (args: readonly Value[]) => multicasts.some((range) => ipInRange(argument(args, 0, IpAddress), range)),
      },
      isInRange: {
        arity: 2,
        call: (args: readonly Value[]) => ipInRange(argument(args, 0, IpAddress), argument(args, 1, IpAddress)),
      },
    }),
  );
