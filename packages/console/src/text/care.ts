export const care = {
  title: "What can be seen, who answers",
  incident: "Open an incident",
  vacant: (seat: string, email: string) => `No ${seat} owner: ${email} left or is away`,
  suspends: "Suspended by itself",
  shows: (model: string, visibility: string, minimum: string) =>
    `${model}: its vendor shows ${visibility}; the tier needs ${minimum}`,
  notAccepted: "Nobody has accepted what can't be seen",
  accepted: (by: string, until: string) => `Gap accepted by ${by} until ${until}`,
  capture: (detail: string) => `The gateway keeps: ${detail === "" ? "can't tell" : detail}`,
} as const;
