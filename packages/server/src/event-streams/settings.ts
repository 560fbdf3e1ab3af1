import { X509Certificate } from "node:crypto";
import { z } from "zod";

const secretName = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/);

/** One PEM certificate or more, as files have them: text between and around them is left out. */
const certificates = z.string().max(20_000).refine((text) => pemCertificates(text) !== null, "is no PEM certificate that can be read");

export function pemCertificates(text: string): readonly string[] | null {
  const found = text.match(/-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----/g);
  if (found === null) return null;
  try {
    return found.every((one) => new X509Certificate(one).raw.length > 0) ? found : null;
  } catch {
    return null;
  }
}

const tls = {
  /** PEM of the authorities that signed the receiver's certificate, in place of the system's own. */
  ca: certificates.optional(),
  /** PEM of the certificate that we show, its chain behind it; with `key`. */
  certificate: certificates.optional(),
  /** Upstream secret, sealed for that host, that holds the certificate's private key: PKCS #8 as base64 in one line. */
  key: secretName.optional(),
};

const reach = z.strictObject({
  kind: z.literal("http"),
  url: z.url({ protocol: /^https?$/ }).max(500),
  /** Upstream secret, sealed for that host; goes as `Authorization: Bearer`, or with `scheme` in its place (`Splunk`). */
  secret: secretName.optional(),
  scheme: z.string().regex(/^[A-Za-z][A-Za-z0-9-]{0,30}$/).default("Bearer"),
  ...tls,
});
const syslog = z.strictObject({
  kind: z.literal("syslog"),
  host: z.string().regex(/^[A-Za-z0-9.:-]{1,253}$/),
  port: z.int().min(1).max(65_535),
  /** RFC 5425; without it RFC 6587 over plain TCP. */
  tls: z.boolean().default(true),
  ...tls,
});

/** Where events go. */
export const streamSettings = z
  .discriminatedUnion("kind", [reach, syslog])
  .refine((to) => (to.certificate === undefined) === (to.key === undefined), { path: ["key"], message: "goes with `certificate`: both or neither" })
  // What would never be used must not look as if it protected something.
  .refine((to) => (to.ca === undefined && to.certificate === undefined) || (to.kind === "http" ? to.url.startsWith("https:") : to.tls), { path: ["ca"], message: "needs TLS: write https, or syslog over TLS" });
export type StreamSettings = z.infer<typeof streamSettings>;
