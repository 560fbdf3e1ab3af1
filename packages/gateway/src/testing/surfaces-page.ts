import type { Protocol } from "@mandate/model";
import type { Surface } from "../surfaces/surface.ts";

/** What a measured cell says; null where the wire has no such thing. */
export interface MeasuredRow {
  readonly title: string;
  readonly row: ReadonlyMap<string, string | null>;
}

const intro = `# Model surfaces

This page is written by a test (\`packages/gateway/src/surfaces/cells.test.ts\`): it plants a secret in each cell, sends it
through a whole gateway and writes down what became of it. *Checked*: a harmless value passed and the secret did not.
*Refused*: neither passed. A dash: that wire carries no such thing.
`;

const notes = `
What the tables take for granted:

- Streams are those of tiers whose mode is *window* or *full*. In *pass* (T0) text, reasoning and errors of an answer leave
  unread, which its record says (\`check.result: not_run\`); tool calls, files and who served it are decided there too.
- A tool call is decided as \`tool:NAME\` on its whole arguments, and on what the detectors find in them.
- A file in an answer (speech, an image, a document) is decided as \`tool:hosted.file_output\`; what a provider's tool makes,
  as that tool. The test's system was granted neither.
- A file in a request is refused where the provider would fetch it or keeps it, unless \`tool:hosted.fetch\` was granted. One
  that stands in the request itself can't be read: the session counts as untrusted and the call as of the boundary's highest
  class.
- Sealed reasoning (\`encrypted_content\`, \`signature\`, \`thoughtSignature\`) passes: only the provider can read it.
- An *error* in a request is a tool's failure reported back to the model. Of a provider's own errors those of the caller's
  making (400, 404, 422, 429) pass, checked; the others are replaced by this gateway's.
`;

const protocols: readonly Protocol[] = ["openai", "azure-openai", "anthropic", "bedrock", "gemini"];

/** The page docs/surfaces.md. */
export function surfacesPage(
  rows: readonly MeasuredRow[],
  surfaces: readonly { readonly title: string; readonly surface: Surface }[],
): string {
  const kinds = [...rows[0]!.row.keys()].filter((cell) => cell.startsWith("answer ")).map((cell) => cell.slice(7));
  const table = (which: string) =>
    [
      `| | ${kinds.join(" | ")} |`,
      `|---|${kinds.map(() => "---|").join("")}`,
      ...rows.map(({ title, row }) => `| \`${title}\` | ${kinds.map((kind) => row.get(`${which} ${kind}`) ?? "–").join(" | ")} |`),
    ].join("\n");
  const wires = [
    `| | ${protocols.join(" | ")} |`,
    `|---|${protocols.map(() => "---|").join("")}`,
    ...surfaces.map(
      ({ title, surface }) =>
        `| \`${title}\` | ${protocols.map((protocol) => (surface.protocols.includes(protocol) ? "passed on" : "refused")).join(" | ")} |`,
    ),
  ].join("\n");
  const fields = surfaces
    .filter(({ surface }, index) => surfaces.findIndex((other) => other.surface.fields.version === surface.fields.version) === index)
    .map(({ surface }) => {
      const of = (kind: string) =>
        Object.entries(surface.fields.fields)
          .filter(([, is]) => is === kind)
          .map(([name]) => `\`${name}\``)
          .join(", ") || "none";
      return `### ${surface.fields.version}\n\n- content: ${of("content")}\n- effect: ${of("effect")}\n- reference: ${of("reference")}\n- inert: ${of("inert")}`;
    })
    .join("\n\n");
  return `${intro}
## Answers

${table("answer")}

## Streams

${table("stream")}

## Requests

${table("request")}
${notes}
## Upstreams

Bodies are not translated: a surface reaches the providers that speak its wire, and any other model is refused with the
path to call instead.

${wires}

On Azure \`upstream\` names the deployment; an endpoint that ends in \`/openai/v1\` is the API without dated versions, any other
is the resource, whose version is the model's \`apiVersion\`. On Bedrock the secret is \`{"accessKeyId", "secretAccessKey",
"sessionToken", "region"}\` as JSON, \`ID:SECRET\`, or one of Bedrock's own API keys; Anthropic's messages go through InvokeModel,
chat completions through the path that Bedrock has for them, and clients of AWS reach any model by Converse, with a gateway key
in place of Bedrock's bearer token (\`AWS_BEARER_TOKEN_BEDROCK\`).

A model's \`fallback: [model:NAME]\` names up to three that are called, in order, where it can't be reached or answers 408, 429,
500, 502, 503, 504 or 529 before a byte has left. Each needs its own grant and is decided for exactly this request; it is a call with
a decision and a record of its own, which names the one it stands in for. Calls that a person approved, that offer hosted
tools or that refer to something kept at the provider don't fall back. The gateway repeats no call at the same model: its
502, 503 and 504 say that the caller may.

Images, audio, video, files, batches, stored conversations and the rest of the providers' paths answer 501 \`unsupported\` with
what to use instead: no check can read what they carry, or nobody would be there to check it when it runs.

## Fields

Each member of a request is *inert* (passes), *content* (read and checked), an *effect* (a tool or destination: denied unless
granted as \`tool:hosted.NAME\`) or a *reference* (must be something that this gateway issued to that system). Others are
unlisted: T0 and T1 pass them with a finding, T2 and T3 refuse. A test compares these tables with the types of the installed
clients \`openai\`, \`@anthropic-ai/sdk\` and \`@google/genai\`.

${fields}
`;
}
