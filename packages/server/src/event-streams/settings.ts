import { z } from "zod";

const reach = z.strictObject({
  kind: z.literal("http"),
  url: z.url({ protocol: /^https?$/ }).max(500),
  /** Upstream secret, sealed for that host; goes as `Authorization: Bearer`, or with `scheme` in its place (`Splunk`). */
  secret: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/).optional(),
  scheme: z.string().regex(/^[A-Za-z][A-Za-z0-9-]{0,30}$/).default("Bearer"),
});
const syslog = z.strictObject({
  kind: z.literal("syslog"),
  host: z.string().regex(/^[A-Za-z0-9.:-]{1,253}$/),
  port: z.int().min(1).max(65_535),
  /** RFC 5425; without it RFC 6587 over plain TCP. */
  tls: z.boolean().default(true),
  /** PEM of the authority that signed the receiver's certificate; absent: the system's own. */
  ca: z.string().max(20_000).startsWith("-----BEGIN CERTIFICATE-----").optional(),
});

/** Where events go. */
export const streamSettings = z.discriminatedUnion("kind", [reach, syslog]);
export type StreamSettings = z.infer<typeof streamSettings>;
