import { CliError } from "../cli-error.ts";
import type { Call } from "../command.ts";
import { fields, printObject, type Row } from "../render/format.ts";
import { reasonOf } from "./reason.ts";

async function post(call: Call, path: string, body: unknown, name: string): Promise<void> {
  const client = await call.client();
  const answer = (await client.request<Row>("POST", path, body, { signal: call.terminal.signal })) ?? {};
  if (call.format === "table") call.terminal.out(fields(answer));
  else await printObject(call.terminal, call.format, answer, name);
}

const riskName = (call: Call): string => (call.args[0] ?? "").replace(/^risks?\//, "");

export async function acceptRisk(call: Call): Promise<void> {
  const name = riskName(call);
  const ends = call.option("ends") ?? "";
  const instant = Date.parse(ends);
  if (Number.isNaN(instant)) throw new CliError({ code: "instant", message: `\`${ends}\` is not an instant.`, next: "Write a day or an RFC 3339 instant: --ends 2027-03-31" });
  const reason = await reasonOf(call);
  await post(call, `/api/v1/risks/${encodeURIComponent(name)}/accept`, { reason, ends: new Date(instant).toISOString() }, `risk/${name}`);
}

export async function withdrawRisk(call: Call): Promise<void> {
  const name = riskName(call);
  await post(call, `/api/v1/risks/${encodeURIComponent(name)}/withdraw`, { reason: await reasonOf(call) }, `risk/${name}`);
}

export async function scoreEvaluation(call: Call): Promise<void> {
  const name = (call.args[0] ?? "").replace(/^evaluations?\//, "");
  const score = Number(call.args[1]);
  if (call.args[1] === undefined || call.args[1].trim() === "" || !Number.isFinite(score)) throw new CliError({ code: "score", message: `\`${call.args[1] ?? ""}\` is not a number.`, next: `Write it plainly: mandate evaluation score ${name} 0.93` });
  const measured = call.option("measured");
  await post(call, `/api/v1/evaluations/${encodeURIComponent(name)}/score`, { score, ...(measured === undefined ? {} : { measured }) }, `evaluation/${name}`);
}
