const paths: Record<string, string> = {
  overview: "M3 3h4v4H3zM9 3h4v4H9zM3 9h4v4H3zM9 9h4v4H9z",
  systems: "m8 2 3 1.7v3.2L8 8.6 5 6.9V3.7zM5 7.6l3 1.7v3L5 14l-3-1.7V9.300zM11 7.600l3 1.700v3L11 14 8 12.300v-3z",
  approvals: "M2.500 9.500 4.500 3h7l2 6.500V13h-11zM2.500 9.500H6l1 1.500h2l1-1.500h3.500",
  findings: "M8 2.500 14 13H2zM8 6.500v3M8 11.200v.300",
  evidence:
    "M4 2.500h8.500v8H6.500V13a1.500 1.500 0 0 1-3 0v-2.500h3M4 2.500A1.500 1.500 0 0 0 2.500 4v1.500h3M7.500 5.500h3M7.500 8h3",
  models:
    "M8 2.500v11M8 4a2 2 0 1 0-3.500 1A2 2 0 0 0 4 9a2.200 2.200 0 0 0 4 2.500M8 6h2.500M11.500 6h.100M8 9.500h3M12 9.500h.100",
  prompts: "M2.500 3h11v8H7l-3 2.500V11H2.500zM5 6h6M5 8.500h4",
  tools:
    "M13 4.500 10.800 6.500 9.500 5.200 11.500 3a3.200 3.200 0 0 0-4.200 4.200L3 11.500 4.500 13l4.300-4.300A3.200 3.200 0 0 0 13 4.500z",
  agents: "M4 6h8v6.500H4zM8 3v3M6.500 9v.100M9.500 9v.100M2 8.500v2M14 8.500v2",
  datasets:
    "M3 4.200C3 3 5.200 2.300 8 2.300s5 .700 5 1.900-2.200 1.900-5 1.900-5-.700-5-1.900zv7.600c0 1.200 2.200 1.900 5 1.900s5-.700 5-1.900V4.200M3 8c0 1.200 2.200 1.900 5 1.900S13 9.200 13 8",
  destinations: "M6 3H3v10h10v-3M9 3h4v4M13 3 7.500 8.500",
  vendors: "M3 13.500v-8l3-1.500v9.500M6 6.500h7v7M2 13.500h12M9 9v.100M11 9v.100M9 11.500v.100M11 11.500v.100",
  credentials: "M10.500 2.500a3 3 0 1 1-2.300 5L3 12.700V13.500h2V12h1.500v-1.500L8.200 7.500M11 5v.100",
  unregistered: "M8 2.500a5.500 5.500 0 1 0 5.500 5.500M8 5.200A2.800 2.800 0 1 0 10.800 8M8 8l4.500-4.500",
  policies: "M8 2.500v11M5 13.500h6M3 4.500h10M3 4.500 1.500 9h3zM13 4.500 11.500 9h3z",
  exceptions: "M8 4a5 5 0 1 0 5 5M8 6.500V9l1.500 1M11 2l2.500 2.500",
  frameworks:
    "m2.500 4 1 1 1.500-2M2.500 8.500l1 1 1.500-2M2.500 13l1 1 1.500-2M7.500 4.500H14M7.500 9H14M7.500 13.200H14",
  documents: "M4 2h5l3 3v9H4zM9 2v3h3M6 8h4M6 10.500h4",
  reassessments: "M13 8a5 5 0 0 1-9 3M3 8a5 5 0 0 1 9-3M12 2v3H9M4 14v-3h3",
  incidents: "M8 2v2M3.500 4 5 5.500M12.500 4 11 5.500M4.500 12V9.500a3.500 3.500 0 0 1 7 0V12M2.500 13.500h11",
  risks: "M8 2 13 4v4c0 3-2 5-5 6-3-1-5-3-5-6V4zM8 5.500v3M8 10.500v.300",
  reviews: "M2.500 3h11v8H7l-3 2.500V11H2.500zM5.500 7l1.500 1.500 3-3",
  "legal-reviews": "M3 13.500h7M9 3 4.500 7.500M7 2l5 5M8.500 6.500l5 5-1.500 1.500-5-5",
  settings:
    "M8 5.800a2.200 2.200 0 1 0 0 4.400 2.200 2.200 0 0 0 0-4.400zM8 1.800v2M8 12.200v2M1.800 8h2M12.200 8h2M3.600 3.600 5 5M11 11l1.400 1.400M3.600 12.400 5 11M11 5l1.400-1.400",
  find: "M7 2.500a4.500 4.500 0 1 0 0 9 4.500 4.500 0 0 0 0-9zM10.300 10.300 14 14",
  menu: "M2.500 4.500h11M2.500 8h11M2.500 11.500h11",
};
export function Icon({ name }: { name: string }) {
  return (
    <svg className="icon" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true" focusable="false">
      <path
        d={paths[name] ?? ""}
        fill="none"
        stroke="currentColor"
        strokeWidth="1.2"
        strokeLinejoin="round"
        strokeLinecap="round"
      />
    </svg>
  );
}
export function Logo() {
  return (
    <svg className="logo" viewBox="0 0 32 32" width="20" height="20" aria-hidden="true" focusable="false">
      <rect width="32" height="32" rx="6" fill="var(--inverse)" />
      <path
        d="M8 10h16M8 16h10M8 22h5m3.500 0 2.600 2.600 5-5.400"
        stroke="var(--on-inverse)"
        strokeWidth="2.600"
        fill="none"
        strokeLinecap="round"
        strokeLinejoin="round"
      />
    </svg>
  );
}
