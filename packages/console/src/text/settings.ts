import { plural } from "./plural.ts";

export const settings = {
  title: "Settings",
  people: "People",
  name: "Name",
  email: "E-mail",
  roles: "Roles",
  state: "State",
  last: "Last signed in",
  states: { invited: "Invited", active: "Active", deactivated: "Deactivated" } as Record<string, string>,
  invite: "Invite people",
  inviteHow: "Inviting, tokens and sign-in links are made with the CLI:",
  noRoles: "No role",
  empty: "Nobody is registered.",
  you: "Your session",
  organization: "Organization",
  passkey: "Passkeys",
  passkeyOff: "Not available on this server yet. Approvals are confirmed with your session.",
  passkeyOn: "Available",
  addPasskey: "Add a passkey",
  display: "Display",
  sample: "Sample data",
  sampleText:
    "A sample organization with scripted traffic. Removing it ends its keys; the evidence of what it did stays.",
  sampleRemove: "Remove sample data",
  sampleQuestion: "Remove the sample organization?",
  sampleEffect: (n: number) =>
    `${plural(n, "system", "systems")} that you see may belong to it. Those of the sample end: their calls are refused and their keys revoked. What you registered stays, and so does the evidence.`,
  sampleRemoved: (n: number) => `${plural(n, "object was", "objects were")} removed.`,
  sampleKept: "The rest stays: what isn't of the sample uses it. Change what uses it, then remove again.",
  sampleKeptBy: (users: string) => `used by ${users}`,
} as const;
