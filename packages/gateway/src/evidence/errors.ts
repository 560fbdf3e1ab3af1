import { AppError } from "@mandate/model";

/** G3: what can't be recorded must not happen. `internal` says why, for the operator alone. */
export function evidenceUnavailable(internal: string, cause?: unknown): AppError {
  return new AppError({
    code: "evidence_unavailable",
    status: 503,
    message: "Evidence can't be written at the moment, so the call was refused.",
    internal,
    remedies: [
      { text: "Try again shortly; the operator frees disk space or runs the check.", command: "mandate doctor" },
    ],
    cause,
  });
}
