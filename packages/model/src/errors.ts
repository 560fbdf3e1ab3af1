/** RFC 9457 problem members that Mandate adds. */
export interface Remedy {
  /** What to do, in plain words. */
  readonly text: string;
  readonly command?: string;
  readonly url?: string;
}

export interface AppErrorInit {
  /** Stable and dotted, `registry.owner_missing`. Callers branch on it. */
  readonly code: string;
  readonly status: number;
  /** Public text: says what happened and what to do next. Never a secret, never personal content. */
  readonly message: string;
  /** Logged only. */
  readonly internal?: string;
  readonly remedies?: readonly Remedy[];
  /** Extra public members, for example `{ problems: [...] }`. */
  readonly details?: Readonly<Record<string, unknown>>;
  readonly cause?: unknown;
}

/** The one error class. Expected outcomes (a denial, an absent row) are values, not this. */
export class AppError extends Error {
  readonly code: string;
  readonly status: number;
  readonly internal: string | undefined;
  readonly remedies: readonly Remedy[];
  readonly details: Readonly<Record<string, unknown>>;

  constructor(init: AppErrorInit) {
    super(init.message, init.cause === undefined ? undefined : { cause: init.cause });
    this.name = "AppError";
    this.code = init.code;
    this.status = init.status;
    this.internal = init.internal;
    this.remedies = init.remedies ?? [];
    this.details = init.details ?? {};
  }
}
