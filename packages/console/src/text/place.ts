export const place = {
  notYet: "This page isn't there yet.",
  today: "What exists today:",
  will: "What will stand here",
  reach: {
    title: "Reach map",
    text: "A table of everything an agent, key, vendor or dataset can reach, through whom, with a graph beside it. Each system's own reach is on its page already, under Data flows.",
    commands: ["npx mandate get systems", "curl $MANDATE_URL/api/v1/systems/NAME/reach"],
  },
  unregistered: {
    title: "Unregistered",
    text: "AI use seen outside the record: what, where, who, how sure we are, and what to do about it. Nothing looks outside the gateway yet, so how much there is can't be told.",
    commands: [],
  },
} as const;
