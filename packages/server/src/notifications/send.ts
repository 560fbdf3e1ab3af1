import type { OutboundRule } from "@mandate/gateway";
import type { EmailConfig, Message, Outcome, SlackConfig, TeamsConfig, WebhookConfig } from "./channel.ts";
import type { Channel, ChannelSecrets } from "./channel-store.ts";
import { sendEmail } from "./email.ts";
import { sendSlack } from "./slack.ts";
import { sendTeams } from "./teams.ts";
import { sendWebhook } from "./webhook.ts";

export interface Sending {
  readonly channel: Channel;
  readonly secrets: ChannelSecrets | null;
  readonly reference: unknown;
  readonly outbound: OutboundRule;
  readonly nowMs: number;
}

/** One attempt on one channel. Never throws: whatever goes wrong is a reason to try again. */
export async function send(message: Message, { channel, secrets, reference, outbound, nowMs }: Sending): Promise<Outcome> {
  if (channel.hasSecret && secrets === null) return { state: "retry", detail: "its secret doesn't open here: give it again" };
  const secret = secrets?.current ?? "";
  try {
    switch (channel.kind) {
      case "email":
        return await sendEmail(message, channel.config as EmailConfig, secrets?.current, outbound);
      case "webhook": {
        const previous = secrets?.previous;
        return await sendWebhook(message, channel.config as WebhookConfig, [secret, ...(previous !== undefined && previous.until > nowMs ? [previous.value] : [])], nowMs, outbound);
      }
      case "slack":
        return await sendSlack(message, channel.config as SlackConfig, secret, reference, outbound);
      case "teams":
        return await sendTeams(message, channel.config as TeamsConfig, secret, reference, outbound);
    }
  } catch (error) {
    return { state: "retry", detail: reasonOf(error) };
  }
}

/** What an administrator may read: our own words and the system's codes, never what was sent. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return "could not be sent";
  const code = (error as NodeJS.ErrnoException).code;
  return (code === undefined ? error.message : `${code}: could not connect`).slice(0, 200);
}
