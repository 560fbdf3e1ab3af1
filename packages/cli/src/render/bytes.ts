const units = ["bytes", "KB", "MB", "GB", "TB"] as const;

/** `0 bytes`, `512 KB`, `1.4 GB`: powers of a thousand, as disks are sold. */
export function bytesInWords(bytes: number): string {
  let unit = 0;
  let value = bytes;
  // What rounds to a thousand is one of the next.
  while (unit < units.length - 1 && value >= 999.5) {
    value /= 1000;
    unit += 1;
  }
  return `${unit === 0 || value >= 10 ? Math.round(value) : value.toFixed(1)} ${units[unit]!}`;
}
