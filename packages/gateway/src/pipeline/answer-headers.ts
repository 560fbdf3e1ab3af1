/** Headers of the provider that mean something to its clients. */
const passedOn = [
  "content-type",
  "retry-after",
  "request-id",
  "openai-processing-ms",
  "openai-version",
  "anthropic-ratelimit-requests-remaining",
  "x-ratelimit-remaining-requests",
  "x-ratelimit-remaining-tokens",
] as const;

/** Those headers of an answer that go on; cookies and whatever else an upstream sets stay here. */
export function answerHeaders(headers: Readonly<Record<string, string | string[] | undefined>>): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const name of passedOn) {
    const value = headers[name];
    if (typeof value === "string") kept[name] = value;
  }
  return kept;
}
