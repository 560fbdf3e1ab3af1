import { account } from "./text/account.ts";
import { credentials } from "./text/credentials.ts";
import * as evidenceText from "./text/evidence.ts";
import { federation } from "./text/federation.ts";
import { intake } from "./text/intake.ts";
import { inventory } from "./text/inventory.ts";
import { notifications } from "./text/notifications.ts";
import { overview } from "./text/overview.ts";
import { people } from "./text/people.ts";
import { place } from "./text/place.ts";
import { records } from "./text/records.ts";
import { register } from "./text/register.ts";
import { serviceAccounts } from "./text/service-accounts.ts";
import { settings } from "./text/settings.ts";
import * as shellText from "./text/shell.ts";
import { signIn } from "./text/sign-in.ts";
import * as systemText from "./text/system.ts";
import { systems } from "./text/systems.ts";
import * as wordsText from "./text/words.ts";

// Every word the console says, a file for each idea in `text/`; a new page adds its file and its two lines here.
// Layouts hold 40 % longer text. Plain words, sentence case, no blame.

export const t = {
  account,
  credentials,
  ...evidenceText,
  federation,
  intake,
  inventory,
  notifications,
  overview,
  people,
  place,
  records,
  register,
  serviceAccounts,
  settings,
  ...shellText,
  signIn,
  ...systemText,
  systems,
  ...wordsText,
} as const;
