/** What went wrong before or while an upstream answered. `internal` is for the log alone. */
export class UpstreamFailure extends Error {
  readonly kind: "unreachable" | "timeout" | "cut" | "refused";
  readonly internal: string;

  constructor(kind: UpstreamFailure["kind"], message: string, internal: string) {
    super(message);
    this.name = "UpstreamFailure";
    this.kind = kind;
    this.internal = internal;
  }
}
