import { z } from "zod";
import { AppError } from "@mandate/model";
import { line } from "../http/index.ts";
import { noticeKinds } from "./notify.ts";

const address = z.string().max(2000).refine((text) => {
  const url = URL.parse(text);
  return url !== null && (url.protocol === "https:" || url.protocol === "http:") && url.username === "" && url.password === "" && url.hash === "";
}, "is not an http or https address without user, password and fragment");
const host = z.string().max(253).regex(/^[A-Za-z0-9](?:[A-Za-z0-9.:-]{0,251}[A-Za-z0-9])?$/, "is not a host name");
const kinds = z.array(z.enum(noticeKinds)).max(noticeKinds.length).default([]);
const secret = z.string().min(1).max(4000).optional();

/** What an administrator writes for each kind of channel. `secret` is taken once and never shown again. */
export const channelInput = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("email"),
    host,
    port: z.int().min(1).max(65_535).default(587),
    /** `required`: STARTTLS or nothing. `implicit`: TLS from the first byte (port 465). `none`: for a relay on this machine. */
    tls: z.enum(["required", "implicit", "none"]).default("required"),
    from: z.string().max(320).regex(/^[^\r\n]+@[^\r\n]+$/, "is not a sender"),
    user: line.optional(),
    secret,
    kinds,
  }),
  z.strictObject({ kind: z.literal("webhook"), url: address, kinds }),
  z.strictObject({ kind: z.literal("slack"), channel: line, apiUrl: address.default("https://slack.com/api"), secret, kinds }),
  z.strictObject({ kind: z.literal("teams"), serviceUrl: address, conversation: line, appId: line, tokenUrl: address, secret, kinds }),
]);
export type ChannelInput = z.output<typeof channelInput>;

type ConfigOf<Kind extends ChannelInput["kind"]> = Omit<Extract<ChannelInput, { kind: Kind }>, "kind" | "secret" | "kinds">;
export type EmailConfig = ConfigOf<"email">;
export type WebhookConfig = ConfigOf<"webhook">;
export type SlackConfig = ConfigOf<"slack">;
export type TeamsConfig = ConfigOf<"teams">;
export type ChannelConfig = EmailConfig | WebhookConfig | SlackConfig | TeamsConfig;

/** What a channel sends. No content of a call stands in it: it leaves the house. */
export interface Message {
  readonly id: string;
  readonly kind: string;
  readonly thread: string;
  readonly system: string | null;
  readonly subject: string;
  readonly lines: readonly string[];
  /** Absolute address of the console page. */
  readonly url: string;
  /** RFC 3339. */
  readonly at: string;
  /** E-mail address, or empty. */
  readonly recipient: string;
}

/** What came of one attempt. `reference` is what a later message of the thread changes. */
export type Outcome =
  | { readonly state: "delivered"; readonly detail: string; readonly reference?: unknown }
  | { readonly state: "retry"; readonly detail: string; readonly afterMs?: number }
  /** The other side said never again (HTTP 410). */
  | { readonly state: "gone"; readonly detail: string };

/** Hosts a channel's secret is sealed for: changing where it goes needs the secret again (G8). */
export function hostsOf(kind: ChannelInput["kind"], config: ChannelConfig): string[] {
  if (kind === "email") {
    const mail = config as EmailConfig;
    return [`${mail.host}:${mail.port}`];
  }
  if (kind === "slack") return [new URL((config as SlackConfig).apiUrl).host];
  if (kind === "teams") return [new URL((config as TeamsConfig).serviceUrl).host, new URL((config as TeamsConfig).tokenUrl).host].toSorted();
  return [];
}

/** A password or token over plain text is given to whoever listens. */
export function refuseSecretInClear(input: ChannelInput): void {
  const clear =
    input.kind === "email" ? input.tls === "none" && input.user !== undefined && !isLoopback(input.host)
    : input.kind === "slack" ? isClear(input.apiUrl)
    : input.kind === "teams" ? isClear(input.serviceUrl) || isClear(input.tokenUrl)
    : isClear(input.url);
  if (!clear) return;
  throw new AppError({
    code: "notifications.clear_text",
    status: 400,
    message: "This channel would send over plain text, where anyone on the way reads it.",
    remedies: [{ text: "Use https, or TLS for mail. Plain text is taken on this machine (loopback) alone." }],
  });
}

function isClear(url: string): boolean {
  const { protocol, hostname } = new URL(url);
  return protocol === "http:" && !isLoopback(hostname);
}

function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || hostname === "::1" || hostname === "[::1]" || /^127\.\d+\.\d+\.\d+$/.test(hostname);
}
