import { givenNames } from "./person/given-names.ts";

/**
 * Words without which a pattern can't match. A text is read once, and most patterns are never tried on it: that is what
 * keeps the whole set affordable on each call.
 */
const words = {
  override:
    "ignore ignores ignoring ignored disregard forget forgets override overrides bypass overlook neglect skip drop discard abandon following follow new updated revised real actual",
  override_abroad:
    "ignorieren ignoriere ignorier ignoriert vergiss vergessen missachte missachten ignore ignorez ignorer oublie oubliez oublier ignora ignoran ignorar ignoras olvida olvide olvidar olvidate esquece esquecer desconsidere dimentica ignorare negeer vergeet unut",
  rules:
    "instruction instructions rule rules prompt prompts guideline guidelines direction directions directive directives command commands programming training restriction restrictions constraint constraints policy policies filter filters safeguard safeguards order orders input inputs conversation conversations context everything task objective systemprompt text words above initially told said",
  mode: "mode override access",
  extraction:
    "reveal repeat print show output display recite disclose leak dump expose give tell write encode translate summarize summarise copy list quote share spell what",
  secret: "secret secrets password passcode code confidential key information data",
  persona: "anything dan jailbreak jail jailbroken jailbreaking developer dev evil opposite god freedom",
  unbound:
    "unfiltered uncensored unrestricted unethical unhinged amoral immoral illegal restrictions restriction rules limits limitations filter filters morals moral ethics ethical censorship prohibitions warnings disclaimers regard confines constraints policies policy guidelines",
  obey: "refuse decline reject no break character say give apologize apologise mention deny stay stays staying answer answers comply complies obey obeys respond responds ai any",
  role: "now pretend act acting role roleplay play take imagine simulate simulating simulator persona character characters hypothetical hypothetically god creator owner name",
  bot: "gpt chatgpt bot ai two both",
  trap: "begin start prefix preface end respond tokens token say first understand explanations here",
  answer:
    "response responses answer answers reply replies output outputs message messages summary translation code codebase implementation solution algorithm script program explanation elucidation text texts",
  program: "code script function program",
  task: "write compose draft develop create provide give generate tell craft show prepare design outline translate explain describe summarize summarise break discuss define compare analyze analyse elaborate interpret simplify",
  quiz: "what who how can could when why where",
  redirect:
    "ignore disregard forget skip retrieve print send forward email mail transfer post upload exfiltrate copy export share submit state say assume consider claim pretend answer conclude report output tell",
  hypothetical: "hypothetically parallel world universe imagine assume pretend suppose purpose authority expert",
  addressed: "ai llm model assistant assistants chatbot chatbots agent agents gpt claude gemini copilot bot important information instructions",
  told: "user users account computer device",
  secretName:
    "key keys token tokens secret secrets password passwords passwd passphrase pwd pass apikey accesskey secretkey authkey accesstoken authtoken clientsecret credential credentials auth",
  introduced:
    "mr mrs ms miss mx dr prof professor sir madam herr frau monsieur madame signor signora señor señora sr sra name called dear sincerely regards patient contact customer client attn beneficiary cardholder by of hi hello call calls named",
  given_name: [...givenNames].join(" "),
  street:
    "street st avenue ave av road rd boulevard blvd lane ln drive dr court ct place pl square sq terrace way parkway pkwy highway hwy crescent close alley circle cir trail crossroad harbor gardens grove mews row rue via viale piazza corso calle avenida paseo plaza rua travessa chemin impasse quai cours box psc postfach unit usns uss apt suite apartment",
  ssn: "ssn ss social tax taxpayer itin",
  birth: "born birth dob yob né née geboren jahrgang nacido nacida nato nata",
  month: "jan january feb february mar march apr april may jun june jul july aug august sep sept september oct october nov november dec december januar jänner februar märz maerz mai juni juli oktober dezember janvier février fevrier mars avril juin juillet août septembre octobre novembre décembre decembre enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre janeiro fevereiro março maio junho julho setembro outubro novembro dezembro gennaio febbraio aprile maggio giugno luglio settembre ottobre dicembre januari februari maart mei augustus",
  health:
    "hiv aids cancer carcinoma leukemia leukaemia lymphoma melanoma tumor tumour diabetes diabetic asthma epilepsy epileptic hepatitis tuberculosis covid depression bipolar schizophrenia anorexia bulimia autism adhd ptsd dementia alzheimer alzheimers parkinson parkinsons multiple hypertension stroke heart miscarriage abortion pregnant pregnancy infertility chlamydia gonorrhea gonorrhoea syphilis addiction alcoholism sickle cystic lupus endometriosis migraine migraines pneumonia arthritis osteoporosis copd anemia anaemia insulin metformin warfarin sertraline fluoxetine prozac citalopram escitalopram lithium quetiapine olanzapine methadone buprenorphine naltrexone levothyroxine atorvastatin lisinopril amlodipine metoprolol tamoxifen methotrexate truvada ritalin adderall xanax alprazolam diazepam morphine oxycodone ozempic semaglutide icd diagnosis diagnosed diagnoses dx",
} as const;

export type Trigger = keyof typeof words;

/** Their places are kept, because the detector starts from them. */
const placed: readonly Trigger[] = ["given_name", "introduced", "street", "health"];

/** What one reading of a text says about it. */
export interface Reading {
  has(trigger: Trigger): boolean;
  /** Start of each such word, in order. */
  at(trigger: Trigger): readonly number[];
  /** Longest run without white space: no key is shorter than some. */
  readonly longestRun: number;
  readonly digits: number;
  readonly colons: number;
  /** Letters beyond ASCII. */
  readonly foreign: boolean;
}

/** At most 31: a bit each. */
const names = Object.keys(words) as Trigger[];
const bits: Readonly<Record<string, number>> = Object.fromEntries(names.map((name, index) => [name, 1 << index]));
const placedMask = placed.reduce((mask, name) => mask | bits[name]!, 0);

/** Lower case without marks, so that `Zoë` is among the names as `zoe`. */
const plain = new Uint16Array(0x180).map((_, unit) => String.fromCharCode(unit).normalize("NFD").toLowerCase().charCodeAt(0));

/** Hash of a word in lower case to the groups it is in. A collision tries a pattern in vain; it hides nothing. */
const tableBits = 16;
const table = new Int32Array(1 << tableBits);
for (const name of names) for (const word of words[name].split(/\s+/)) table[slotOf(word)]! |= bits[name]!;

function plainOf(unit: number): number {
  return unit < plain.length ? plain[unit]! : unit;
}

function slotOf(word: string): number {
  let hash = 0;
  for (let index = 0; index < word.length; index += 1) hash = (Math.imul(hash, 31) + plainOf(word.charCodeAt(index))) | 0;
  return fold(hash);
}

function fold(hash: number): number {
  const mixed = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  return (mixed ^ (mixed >>> 12)) & ((1 << tableBits) - 1);
}

const white = 0;
const digit = 1;
const mark = 2;
const lower = 3;
const upper = 4;
const kinds = new Uint8Array(128).map((_, unit) =>
  unit <= 32 ? white : unit >= 48 && unit <= 57 ? digit : unit >= 97 && unit <= 122 ? lower : unit >= 65 && unit <= 90 ? upper : mark,
);

/** One step a UTF-16 unit. A word is a run of letters; an upper-case letter after a lower-case one begins another. */
export function read(text: string): Reading {
  let mask = 0;
  let runFrom = 0;
  let longestRun = 0;
  let digits = 0;
  let colons = 0;
  let foreign = false;
  let hash = 0;
  let begun = -1;
  let before = white;
  const places: number[] = [];
  const length = text.length;
  for (let index = 0; index <= length; index += 1) {
    const unit = index < length ? text.charCodeAt(index) : 32;
    // What lies beyond ASCII counts as letters, save the typographic apostrophe and the fixed space.
    const kind = unit < 128 ? kinds[unit]! : unit === 0x2019 || unit === 0xa0 ? mark : lower;
    if (begun >= 0 && (kind < lower || (kind === upper && before === lower))) {
      const groups = table[fold(hash)]!;
      if (groups !== 0) {
        mask |= groups;
        if ((groups & placedMask) !== 0) places.push(begun, groups);
      }
      begun = -1;
    }
    if (kind >= lower) {
      if (begun < 0) {
        begun = index;
        hash = 0;
      }
      hash = (Math.imul(hash, 31) + plainOf(unit)) | 0;
      if (unit > 127) foreign = true;
    } else if (kind === digit) digits += 1;
    else if (kind === white) {
      if (index - runFrom > longestRun) longestRun = index - runFrom;
      runFrom = index + 1;
    }
    else if (unit === 58) colons += 1;
    before = kind;
  }
  return {
    has: (trigger) => (mask & bits[trigger]!) !== 0,
    at: (trigger) => {
      const starts: number[] = [];
      const wanted = bits[trigger]!;
      for (let index = 0; index < places.length; index += 2) if ((places[index + 1]! & wanted) !== 0) starts.push(places[index]!);
      return starts;
    },
    longestRun,
    digits,
    colons,
    foreign,
  };
}
