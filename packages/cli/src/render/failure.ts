import type { Report } from "../cli-error.ts";
import { clean } from "./format.ts";

/** In the repository, so that it is the page of the version that runs. */
const docs = "docs/errors.md";

/** The object of `-o json`: `{error: {code, message, next, request_id, doc_url}}`. */
export function failureJson(report: Report): string {
  const { code, message, next, requestId, problems } = report;
  const error = {
    code,
    message,
    next,
    request_id: requestId,
    doc_url: `${docs}#${code}`,
    ...(problems.length === 0 ? {} : { problems }),
  };
  return `${JSON.stringify({ error })}\n`;
}

/** What happened, where, what to do next. */
export function failureText(report: Report): string {
  const code = report.code === "unexpected" ? "" : ` (${clean(report.code)})`;
  const lines = [`Error: ${clean(report.message)}${code}`];
  for (const problem of report.problems) lines.push(`  ${clean(problem)}`);
  if (report.next !== null) lines.push(`Next: ${clean(report.next)}`);
  if (report.requestId !== null) lines.push(`Request: ${clean(report.requestId)}`);
  return `${lines.join("\n")}\n`;
}
