const zone = "UTC";
const day = 86_400_000;
const dateFormat = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", timeZone: zone });
const yearFormat = new Intl.DateTimeFormat("en-GB", {
  day: "numeric",
  month: "short",
  year: "numeric",
  timeZone: zone,
});
const clockFormat = new Intl.DateTimeFormat("en-GB", {
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  timeZone: zone,
});
const numberFormat = new Intl.NumberFormat("en-US");

export const count = (value: number): string => numberFormat.format(value);
const units = ["bytes", "KB", "MB", "GB", "TB"] as const;

/** `512 KB`, `1.4 GB`: powers of a thousand, as disks are sold. */
export function bytes(value: number): string {
  let unit = 0;
  let left = value;
  // What rounds to a thousand is one of the next.
  while (unit < units.length - 1 && left >= 999.5) {
    left /= 1000;
    unit += 1;
  }
  return `${unit === 0 || left >= 10 ? Math.round(left) : left.toFixed(1)} ${units[unit]!}`;
}
export const clock = (at: string): string => clockFormat.format(new Date(at));
export const exact = (at: string): string => `${new Date(at).toISOString().replace("T", " ").slice(0, 19)} UTC`;
export const date = (at: string): string =>
  (new Date(at).getUTCFullYear() === new Date().getUTCFullYear() ? dateFormat : yearFormat).format(new Date(at));
export const daysUntil = (at: string, now = Date.now()): number => Math.ceil((Date.parse(at) - now) / day);

/** `customer-care` as "Customer care". */
export const inWords = (name: string): string => {
  const spaced = name.replaceAll(/[-_]+/g, " ");
  return spaced.charAt(0).toUpperCase() + spaced.slice(1);
};

/** "4 min ago", "in 26 min" under a day; a date beyond. */
export function relative(at: string, now = Date.now()): string {
  const deltaMs = Date.parse(at) - now;
  const minutes = Math.round(Math.abs(deltaMs) / 60_000);
  if (minutes >= 1440) return date(at);
  const span =
    minutes < 1
      ? `${Math.round(Math.abs(deltaMs) / 1000)} s`
      : minutes < 60
        ? `${minutes} min`
        : `${Math.round(minutes / 60)} h`;
  return deltaMs < 0 ? `${span} ago` : `in ${span}`;
}

/** `26:12`, `3 h 10 min`, `2 days`. */
export function timeLeft(at: string, now = Date.now()): string {
  const seconds = Math.max(0, Math.floor((Date.parse(at) - now) / 1000));
  if (seconds < 3600)
    return `${String(Math.floor(seconds / 60)).padStart(2, "0")}:${String(seconds % 60).padStart(2, "0")}`;
  if (seconds < 172_800) return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`;
  return `${Math.floor(seconds / 86_400)} days`;
}

/** `9f3c 41d0 … e2b7 71ae`, from base64 or hex. */
export function shortHash(value: string): string {
  const hex = /^[0-9a-f]{64}$/.test(value) ? value : base64ToHex(value);
  return hex === "" ? value : `${hex.slice(0, 4)} ${hex.slice(4, 8)} … ${hex.slice(-8, -4)} ${hex.slice(-4)}`;
}
function base64ToHex(value: string): string {
  try {
    return Array.from(atob(value), (char) => char.charCodeAt(0).toString(16).padStart(2, "0")).join("");
  } catch {
    return "";
  }
}
