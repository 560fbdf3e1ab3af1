import { AppError } from "@mandate/model";

const unitMs = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** Milliseconds of `90s`, `15m`, `8h`, `30d`. @throws AppError `request.duration` (400) for anything else */
export function parseDurationMs(text: string): number {
  const match = /^([1-9][0-9]{0,5})([smhd])$/.exec(text);
  if (match === null) {
    throw new AppError({
      code: "request.duration",
      status: 400,
      message: "A duration is a whole number and a unit: seconds, minutes, hours or days.",
      remedies: [{ text: "Write for example 15m, 8h or 30d." }],
    });
  }
  return Number(match[1]) * unitMs[match[2] as keyof typeof unitMs];
}
