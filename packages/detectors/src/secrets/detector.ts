import type { Detector, Finding } from "../types.ts";

interface Shape {
  readonly type: string;
  /** One of these must occur before the pattern is tried. */
  readonly keywords: readonly string[];
  readonly pattern: RegExp;
  readonly confidence: number;
}

const end = "(?![A-Za-z0-9_-])";
const start = "(?<![A-Za-z0-9_-])";
const shape = (provider: string, keywords: readonly string[], pattern: string, confidence = 0.98): Shape => ({
  type: `secret.${provider}`,
  keywords,
  pattern: new RegExp(`${start}${pattern}${end}`, "g"),
  confidence,
});

/** Shapes that providers publish for secret scanners. */
const shapes: readonly Shape[] = [
  shape("anthropic", ["sk-ant-"], "sk-ant-[A-Za-z0-9_-]{20,200}"),
  shape("openai", ["sk-"], "sk-(?:proj|svcacct|admin|None)-[A-Za-z0-9_-]{20,200}"),
  shape("openai", ["T3BlbkFJ"], "sk-[A-Za-z0-9]{20}T3BlbkFJ[A-Za-z0-9]{20}"),
  shape("openrouter", ["sk-or-"], "sk-or-v1-[0-9a-f]{64}"),
  shape("github", ["ghp_", "gho_", "ghu_", "ghs_", "ghr_"], "gh[pousr]_[A-Za-z0-9]{36,251}"),
  shape("github", ["github_pat_"], "github_pat_[A-Za-z0-9_]{60,244}"),
  shape("gitlab", ["glpat-"], "glpat-[A-Za-z0-9_-]{20,60}"),
  shape("aws", ["AKIA", "ASIA", "ABIA", "ACCA"], "(?:AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16}"),
  shape("google", ["AIza"], "AIza[A-Za-z0-9_-]{35}"),
  shape("google", ["GOCSPX-"], "GOCSPX-[A-Za-z0-9_-]{28}"),
  shape("slack", ["xox"], "xox[abeoprs]-[A-Za-z0-9-]{10,250}"),
  shape("slack", ["xapp-"], "xapp-\\d-[A-Z0-9]{8,20}-\\d{8,20}-[a-z0-9]{32,128}"),
  shape("stripe", ["sk_live_", "rk_live_", "sk_test_", "rk_test_"], "[sr]k_(?:live|test)_[A-Za-z0-9]{10,99}"),
  shape("huggingface", ["hf_"], "hf_[A-Za-z]{34}"),
  shape("groq", ["gsk_"], "gsk_[A-Za-z0-9]{52}"),
  shape("npm", ["npm_"], "npm_[A-Za-z0-9]{36}"),
  {
    type: "secret.private_key",
    keywords: ["PRIVATE KEY-----"],
    pattern: /-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----/g,
    confidence: 0.99,
  },
];

const keyword =
  /(?:api[_-]?key|secret|token|passwd|password|access[_-]?key|auth[_-]?key|private[_-]?key|client[_-]?secret)[\w-]{0,20}["']?\s{0,3}(?:=|:|=>|:=)\s{0,3}["']?([A-Za-z0-9_\-+/=.]{16,200})/gi;

/** Bits a character: words and identifiers lie near 3, random base64 near 5. */
export function entropy(text: string): number {
  const counts = new Map<string, number>();
  for (const character of text) counts.set(character, (counts.get(character) ?? 0) + 1);
  let bits = 0;
  for (const count of counts.values()) bits -= (count / text.length) * Math.log2(count / text.length);
  return bits;
}

/** A keyword alone is prose; a random-looking value after it, of letters and digits both, is a secret. */
function genericFindings(text: string): readonly Finding[] {
  const findings: Finding[] = [];
  for (const match of text.matchAll(keyword)) {
    const value = match[1]!;
    if (
      entropy(value) < 3.5 ||
      !/\d/.test(value) ||
      !/[A-Za-z]/.test(value) ||
      /example|placeholder|your[_-]|xxxx|\.\.\./i.test(value)
    )
      continue;
    const from = match.index + match[0].length - value.length;
    findings.push({ type: "secret.generic", class: "secret", start: from, end: from + value.length, confidence: 0.7 });
  }
  return findings;
}

/** The documentation's own example keys are no secrets. */
const published = /EXAMPLE$|^(?:sk|rk)_test_.{0,8}$/;

export const secrets: Detector = {
  id: "secrets",
  version: "1.0.0",
  kind: "secret",
  types: ["secret"],
  detect: (text) => {
    const findings: Finding[] = [];
    for (const { type, keywords, pattern, confidence } of shapes) {
      if (!keywords.some((word) => text.includes(word))) continue;
      for (const match of text.matchAll(pattern)) {
        if (published.test(match[0])) continue;
        findings.push({ type, class: "secret", start: match.index, end: match.index + match[0].length, confidence });
      }
    }
    return [...findings, ...genericFindings(text)];
  },
};
