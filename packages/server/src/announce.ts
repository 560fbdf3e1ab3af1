import { systemActor } from "./context/index.ts";
import { askHoldersForRoles, inviteFirstPerson, signInUrl } from "./identity/index.ts";
import type { FirstPerson } from "./identity/index.ts";
import type { Configuration } from "./configuration.ts";
import type { ServerLog } from "./log.ts";
import type { StartOptions } from "./main.ts";
import type { RunningServer } from "./server.ts";

export interface Announcement {
  readonly options: StartOptions;
  readonly configuration: Configuration;
  readonly server: RunningServer;
  readonly internalToken: string;
  readonly log: ServerLog;
}

/** Prints what a person needs next, loading the sample first when asked. @returns how to stop what it started */
export async function announce({ options, configuration, server, internalToken, log }: Announcement): Promise<() => Promise<void>> {
  const print = options.log;
  const { closedAsUnknown } = server.dataPlane;
  if (closedAsUnknown > 0) print(`${closedAsUnknown} calls that the last run left open are closed as unknown.`);
  if (!options.sample) {
    printAddresses(print, configuration);
    // A bootstrap token is a way in already: its holder makes the people.
    const first = configuration.bootstrapToken === null ? await inviteFirstPerson(server.contexts.quiet(systemActor("start")), askHoldersForRoles) : undefined;
    if (first) print(`Sign in   ${signInUrl(configuration.consoleUrl, first.link)}   (works once, for 30 minutes)`);
    if (first || configuration.bootstrapToken !== null) print(nextStep(configuration, first));
    return async () => undefined;
  }
  const { loadSample } = await import("./sample/index.ts");
  const local = (port: number): string => `http://${configuration.host.includes(":") ? `[${configuration.host}]` : configuration.host}:${port}`;
  print("Loading the sample organization, Halden Retail (everything in it is invented)…");
  const sample = await loadSample({ controlUrl: local(configuration.port), gatewayUrl: configuration.gatewayUrl, token: internalToken, log: (line) => log.info("sample", { line }) });
  printAddresses(print, configuration);
  print(`Sign in   ${sample.signInUrl}   (works once)`);
  print(`CLI       npx mandate login --url ${configuration.consoleUrl} --token ${sample.token}   (for 8 hours)`);
  for (const [name, command] of Object.entries(sample.commands)) print(`\n# ${name}\n${command}`);
  return () => sample.close();
}

function printAddresses(print: (line: string) => void, configuration: Configuration): void {
  print(`Console   ${configuration.consoleUrl}`);
  print(`Gateway   ${configuration.gatewayUrl}`);
  if (configuration.loopback) print("Upstream calls may reach loopback addresses, because this listens on loopback alone. Change it with PUT /api/v1/settings/outbound");
  else if (configuration.publicUrl === null) print("Links for phones are off: set MANDATE_PUBLIC_URL to the address people use.");
}

function nextStep(configuration: Configuration, first: FirstPerson | undefined): string {
  return [
    "",
    "Next: register your first system. In another terminal:",
    `  npx mandate login --url ${configuration.consoleUrl} --token ${first ? first.token : '"$MANDATE_BOOTSTRAP_TOKEN"   # the value you set'}`,
    "  npx mandate init > system.yaml        # edit its owners and its model",
    "  npx mandate apply -f system.yaml",
    "  npx mandate credential create --system my-assistant --ttl 8h",
    `  curl -sS ${configuration.gatewayUrl}/v1/chat/completions -H 'Authorization: Bearer KEY' -H 'Content-Type: application/json' -d '{"model":"my-assistant-model","messages":[{"role":"user","content":"Hello"}]}'`,
  ].join("\n");
}
