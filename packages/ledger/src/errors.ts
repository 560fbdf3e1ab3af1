/**
 * The one error of this package, which imports nothing of ours and so can't raise an `AppError`.
 * `code` is stable and dotted (`note.malformed`); callers branch on it.
 */
export class LedgerError extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.name = "LedgerError";
    this.code = code;
  }
}
