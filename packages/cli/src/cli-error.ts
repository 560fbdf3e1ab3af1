import type { AppError } from "@mandate/model";
import type { Remedy } from "@mandate/sdk";
import { MandateError } from "@mandate/sdk";
import { exitCodes, type ExitCode } from "./exit-codes.ts";

/** A failure that says what to do next. Whatever else is thrown is a fault of ours and says so. */
export class CliError extends Error {
  readonly code: string;
  readonly exit: ExitCode;
  readonly next: string | null;

  constructor(init: { code: string; message: string; next?: string; exit?: ExitCode; cause?: unknown }) {
    super(init.message, init.cause === undefined ? undefined : { cause: init.cause });
    this.name = "CliError";
    this.code = init.code;
    this.exit = init.exit ?? exitCodes.failed;
    this.next = init.next ?? null;
  }
}

/** How a failure is told, for people and with `-o json`. */
export interface Report {
  readonly exit: ExitCode;
  readonly code: string;
  readonly message: string;
  readonly next: string | null;
  readonly requestId: string | null;
  /** Field by field, from a manifest's or request's validation. */
  readonly problems: readonly string[];
}

/** @returns what to tell about any thrown value; never its stack */
export function reportOf(error: unknown): Report {
  if (error instanceof CliError) {
    return {
      exit: error.exit,
      code: error.code,
      message: error.message,
      next: error.next,
      requestId: null,
      problems: [],
    };
  }
  if (error instanceof MandateError) {
    return {
      exit: exitOfAnswer(error),
      code: error.code,
      message: error.message,
      next: nextStep(error),
      requestId: error.requestId,
      problems: problemLines(error.details["problems"]),
    };
  }
  if (isAppError(error)) {
    const next = error.remedies[0] === undefined ? null : remedyText(error.remedies[0]);
    return {
      exit: exitCodes.failed,
      code: error.code,
      message: error.message,
      next,
      requestId: null,
      problems: problemLines(error.details["problems"]),
    };
  }
  if (error instanceof Error && error.name === "AbortError") {
    return {
      exit: exitCodes.interrupted,
      code: "interrupted",
      message: "Interrupted.",
      next: null,
      requestId: null,
      problems: [],
    };
  }
  const message = error instanceof Error ? error.message : "Something failed that was not expected.";
  return { exit: exitCodes.failed, code: codeOf(error), message, next: null, requestId: null, problems: [] };
}

/** By shape: importing the class would load every schema of the register on each start. */
function isAppError(error: unknown): error is AppError {
  return (
    error instanceof Error && error.name === "AppError" && "code" in error && "remedies" in error && "details" in error
  );
}

/** 401 is "not signed in", 403 a refusal; a hold waits for a person; a gate refuses with its own code. */
function exitOfAnswer(error: MandateError): ExitCode {
  if (error.code === "approval_required" || error.code.endsWith(".waiting")) return exitCodes.waiting;
  if (error.status === 401) return exitCodes.notSignedIn;
  if (error.status === 403 || (error.status === 409 && /^(gate|gates|authorization)\./.test(error.code)))
    return exitCodes.refused;
  if (/^evidence\.(altered|not_verified|verification)/.test(error.code)) return exitCodes.notVerified;
  return exitCodes.failed;
}

function nextStep(error: MandateError): string | null {
  // What a gateway's listener answers to an API token.
  if (error.code === "credential_unknown")
    return "This is a gateway's address. Give the control listener's with --url, one port lower unless set otherwise.";
  if (error.status === 401) return "Run `mandate login`, or set MANDATE_TOKEN.";
  const first = error.remedies[0];
  return first === undefined ? null : remedyText(first);
}

export function remedyText(remedy: Remedy): string {
  return [remedy.text, remedy.command === undefined ? "" : `\`${remedy.command}\``, remedy.url ?? ""]
    .filter((part) => part !== "")
    .join(" ");
}

function codeOf(error: unknown): string {
  if (typeof error === "object" && error !== null && "code" in error && typeof error.code === "string")
    return error.code;
  return "unexpected";
}

function problemLines(problems: unknown): readonly string[] {
  if (!Array.isArray(problems)) return [];
  return problems.slice(0, 50).flatMap((problem: unknown) => {
    if (typeof problem !== "object" || problem === null) return [];
    const { file, line, kind, name, field, message, remedy } = problem as Record<string, unknown>;
    const place = [file, line].filter((part) => part !== undefined && part !== null).join(":");
    const what = [kind, name].filter((part) => typeof part === "string").join("/");
    return [[place, what, field, message, remedy].filter((part) => typeof part === "string" && part !== "").join("  ")];
  });
}
