export type AttributeValue = string | number | boolean | readonly string[];
export type Attributes = Readonly<Record<string, AttributeValue | null | undefined>>;

/** SpanKind of the OTLP proto: JSON carries enums as numbers. */
export const spanKinds = { internal: 1, client: 3 } as const;

export interface SpanEvent {
  readonly atMs: number;
  readonly name: string;
  readonly attributes: Attributes;
}

/** One finished span. Attributes that are null or absent are left out. */
export interface Span {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentId: string | null;
  readonly sampled: boolean;
  readonly name: string;
  readonly kind: keyof typeof spanKinds;
  readonly startMs: number;
  readonly endMs: number;
  readonly attributes: Attributes;
  readonly events: readonly SpanEvent[];
  /** What went wrong, as a code; null: nothing. */
  readonly error: string | null;
}
