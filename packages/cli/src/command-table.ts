import type { CommandSpec } from "./command.ts";
import { approvalCommands } from "./tables/approval.ts";
import { auditCommands } from "./tables/audit.ts";
import { breakGlassCommands } from "./tables/break-glass.ts";
import { careCommands } from "./tables/care.ts";
import { channelCommands } from "./tables/channel.ts";
import { checkCommands } from "./tables/check.ts";
import { contentCommands } from "./tables/content.ts";
import { controlCommands } from "./tables/control.ts";
import { credentialCommands } from "./tables/credential.ts";
import { decisionCommands } from "./tables/decision.ts";
import { detectCommands } from "./tables/detect.ts";
import { evidenceCommands } from "./tables/evidence.ts";
import { exceptionCommands } from "./tables/exception.ts";
import { exportCommands } from "./tables/export.ts";
import { gatewayCommands } from "./tables/gateway.ts";
import { identityProviderCommands } from "./tables/identity-provider.ts";
import { personCommands } from "./tables/person.ts";
import { policyCommands } from "./tables/policy.ts";
import { recordCommands } from "./tables/record.ts";
import { registerCommands } from "./tables/register.ts";
import { startCommands } from "./tables/start.ts";

/** Every command. Help, parser and docs/cli.md are made from this list, in this order. */
export const commands: readonly CommandSpec[] = [
  ...startCommands,
  ...registerCommands,
  ...approvalCommands,
  ...credentialCommands,
  ...breakGlassCommands,
  ...personCommands,
  ...gatewayCommands,
  ...recordCommands,
  ...identityProviderCommands,
  ...channelCommands,
  ...careCommands,
  ...checkCommands,
  ...policyCommands,
  ...exceptionCommands,
  ...contentCommands,
  ...auditCommands,
  ...controlCommands,
  ...exportCommands,
  ...decisionCommands,
  ...evidenceCommands,
  ...detectCommands,
];
