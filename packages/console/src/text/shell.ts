export const product = "Mandate";

export const skip = "Skip to content";

export const find = {
  button: "Find or ask",
  title: "Find",
  placeholder: "A system, a model, a tool, a page, a decision, a key, or “what can X reach”",
  nothing: "Nothing by that name.",
  reach: (name: string) => `What can ${name} reach?`,
  close: "Close",
  system: "System",
  decision: "Decision",
  register: "Register a system",
  check: "Check it yourself",
} as const;

export const nav = {
  label: "Main",
  overview: "Overview",
  systems: "Systems",
  approvals: "Approvals",
  findings: "Findings",
  evidence: "Evidence",
  inventory: "Inventory",
  models: "Models",
  prompts: "Prompts",
  tools: "Tools",
  "mcp-servers": "MCP servers",
  agents: "Agents",
  datasets: "Datasets",
  destinations: "Destinations",
  vendors: "Vendors",
  credentials: "Credentials",
  unregistered: "Unregistered",
  documents: "Documents",
  oversight: "Oversight",
  reassessments: "Reassessments",
  incidents: "Incidents",
  risks: "Risks",
  reviews: "Outcome reviews",
  "legal-reviews": "Legal reviews",
  rules: "Rules",
  policies: "Policies",
  exceptions: "Exceptions",
  frameworks: "Frameworks",
  settings: "Settings",
  menu: "Menu",
  account: "You",
  yourAccount: "Your account",
  noRoles: "No role",
  signOut: "Sign out",
  theme: "Theme",
  light: "Light",
  dark: "Dark",
  system: "As the system",
  density: "Density",
  compact: "Compact",
  comfortable: "Comfortable",
  keys: "Keyboard shortcuts",
  keysOn: "Single keys are on",
  keysOff: "Single keys are off",
  sample: "Sample data",
} as const;

export const live = {
  live: "Live",
  connecting: "Connecting",
  stale: (at: string) => `Last figures ${at}`,
  paused: "Paused",
  pause: "Pause updates",
  resume: "Resume updates",
} as const;

export const keys = {
  title: "Keyboard",
  rows: [
    ["Ctrl K", "Find"],
    ["g o", "Overview"],
    ["g s", "Systems"],
    ["g a", "Approvals"],
    ["g f", "Findings"],
    ["g e", "Evidence"],
    ["j, k", "Next or previous row"],
    ["e", "Evidence of this system"],
    ["?", "This list"],
  ] as const,
  toggle: "Single keys",
} as const;

export const ending = {
  soon: (minutes: number) =>
    `You are signed out in ${minutes === 1 ? "a minute" : `${minutes} minutes`}. Drafts stay on this page.`,
  stay: "Stay signed in",
  ended: "Your session has ended. What you wrote stays on this page.",
  signIn: "Sign in, in a new tab",
  again: "I have signed in",
} as const;

export const emergency = {
  open: (n: number, systems: string) =>
    `Break-glass is open: ${n === 1 ? "1 rule is" : `${n} rules are`} not enforced for ${systems}.`,
  ends: "It ends",
  see: (name: string) => `See ${name}`,
} as const;
