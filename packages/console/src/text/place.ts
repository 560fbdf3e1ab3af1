export const place = {
  notYet: "This page isn't there yet.",
  today: "What exists today:",
  will: "What will stand here",
  unregistered: {
    title: "Unregistered",
    text: "AI use seen outside the record: what, where, who, how sure we are, and what to do about it. Nothing looks outside the gateway yet, so how much there is can't be told.",
    commands: [],
  },
} as const;
