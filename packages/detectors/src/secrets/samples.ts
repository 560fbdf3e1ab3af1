import type { Samples } from "../types.ts";

/** Put together here, so that no scanner takes this file for a leak. */
const made = (prefix: string, rest: string): string => `${prefix}${rest}`;
const random = "Zk3Qw9Lm2Xv7Bn4Rt8Yp1Sd6Fg5Hj0Kc";
const openai = made("sk-proj-", `${random}aB`);
const anthropic = made("sk-ant-", `api03-${random}`);
const github = made("ghp_", `${random}a1b2`);
const aws = made("AKIA", "Z7QXV2LMNB3RTYPS");
const google = made("AIza", `${random}abc`);
const slack = made("xoxb-", "123456789012-abcdefABCDEF");

export const samples: Samples = {
  find: [
    { text: `OPENAI_API_KEY=${openai}`, value: openai, type: "secret.openai" },
    { text: `key ${anthropic}.`, value: anthropic, type: "secret.anthropic" },
    { text: `"${github}"`, value: github, type: "secret.github" },
    { text: `id: ${aws}`, value: aws, type: "secret.aws" },
    { text: `?key=${google}&x`, value: google, type: "secret.google" },
    { text: `token ${slack}`, value: slack, type: "secret.slack" },
    { text: `db_password = "${random}"`, value: random, type: "secret.generic" },
  ],
  ignore: [
    "the secret: a well kept garden",
    "AKIAIOSFODNN7EXAMPLE",
    "password = your_password_here_123",
    "sk-learn is a library",
    "token: aaaaaaaaaaaaaaaaaaaaaaaa",
    "commit 9fceb02d0ae598e95dc970b74767f19372d61af8",
  ],
};
