/** What the process ends with. Scripts branch on these, so they never change meaning. */
export const exitCodes = {
  done: 0,
  failed: 1,
  changesPending: 2,
  refused: 3,
  notSignedIn: 4,
  waiting: 5,
  notVerified: 6,
  interrupted: 130,
} as const;
export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

export const exitMeanings: readonly (readonly [ExitCode, string])[] = [
  [0, "done"],
  [1, "failed"],
  [2, "changes pending (`plan` and `diff` with `--detailed-exitcode`)"],
  [3, "refused by policy or gate"],
  [4, "not signed in"],
  [5, "waiting for a person"],
  [6, "evidence did not verify"],
  [130, "interrupted"],
];
