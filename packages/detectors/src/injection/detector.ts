import type { Reading } from "../triggers.ts";
import type { Channel, Detector, Finding } from "../types.ts";
import { hiddenSpans } from "./hidden.ts";
import { signalsOf } from "./signals.ts";

/** Enough spans to say where; an attack repeated a thousand times is one attack. */
const maxSpansOfSignal = 8;

/**
 * Signals of an instruction meant for the model, by channel. A signal, not a verdict: labels and provenance decide what a
 * session may do, whatever this finds or misses.
 */
export const injection: Detector = {
  id: "injection",
  version: "1.0.1",
  kind: "injection",
  types: ["injection"],
  minDigits: 0,
  coverage: "partial",
  detect: (text, reading, channel) => {
    const findings = spoken(text, reading, channel);
    if (channel !== "output") for (const span of hiddenSpans(text, reading)) findings.push(finding(span.start, span.end, 0.9));
    return findings;
  },
};

function spoken(text: string, reading: Reading, channel: Channel): Finding[] {
  const strong: Finding[] = [];
  const weak = new Map<string, { readonly weight: number; readonly start: number; readonly end: number }>();
  for (const { id, triggers, foreign, weight, pattern } of signalsOf[channel]) {
    if ((foreign === true && !reading.foreign) || !triggers.every(reading.has)) continue;
    let spans = 0;
    pattern.lastIndex = 0;
    for (let match = pattern.exec(text); match !== null; match = pattern.exec(text)) {
      const end = match.index + match[0].length;
      if (weight >= 1) strong.push(finding(match.index, end, 0.85));
      else if (!weak.has(id)) weak.set(id, { weight, start: match.index, end });
      spans += 1;
      if (weight < 1 || spans === maxSpansOfSignal) break;
    }
  }
  if (strong.length > 0) return strong;
  const together = [...weak.values()];
  return together.reduce((sum, { weight }) => sum + weight, 0) < 1 ? [] : together.map(({ start, end }) => finding(start, end, 0.7));
}

function finding(start: number, end: number, confidence: number): Finding {
  return { type: "injection", class: "injection", start, end, confidence };
}
