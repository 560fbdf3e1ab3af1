import { matchesOf } from "../matches.ts";
import type { Detector, Finding } from "../types.ts";

const conditions =
  "hiv|aids|cancer|carcinoma|leukemia|leukaemia|lymphoma|melanoma|tumou?r|diabetes|diabetic|asthma|epilepsy|epileptic|hepatitis(?: [abc])?|tuberculosis|covid(?:-19)?|depression|bipolar(?: disorder)?|schizophrenia|anorexia|bulimia|autism|adhd|ptsd|dementia|alzheimer'?s?|parkinson'?s?|multiple sclerosis|hypertension|stroke|heart attack|heart failure|miscarriage|abortion|pregnan(?:t|cy)|infertility|chlamydia|gonorrh(?:ea|oea)|syphilis|addiction|alcoholism|sickle cell|cystic fibrosis|lupus|endometriosis|migraines?|pneumonia|arthritis|osteoporosis|copd|anemia|anaemia";
const medicines =
  "insulin|metformin|warfarin|sertraline|fluoxetine|prozac|citalopram|escitalopram|lithium carbonate|quetiapine|olanzapine|methadone|buprenorphine|naltrexone|levothyroxine|atorvastatin|lisinopril|amlodipine|metoprolol|tamoxifen|methotrexate|truvada|ritalin|adderall|xanax|alprazolam|diazepam|morphine|oxycodone|ozempic|semaglutide";

const term = new RegExp(`(?<![\\p{L}\\d])(?:${conditions}|${medicines})(?![\\p{L}\\d])`, "giu");
/** Said of somebody: without it the word is general knowledge, and the finding names no class. */
const ofSomebody =
  /(?<![\p{L}])(?:diagnos(?:ed|is)|patient|suffer(?:s|ed|ing)?|prescri(?:bed|ption)|treat(?:ed|ment)|symptoms?|therapy|medication|tested positive|medical record|mrn|dosage|hospitali[sz]ed|surgery|chronic|my doctor|allerg(?:y|ic)|(?:i|he|she|they) (?:have|has|had))(?![\p{L}])/giu;
/** ICD-10 with its decimal, or said to be a code. */
const code = /(?<![\w.])[A-TV-Z]\d[0-9AB]\.[0-9A-KXZ]{1,4}(?![\w.])/g;
const codeSaid = /icd|diagnos|dx\b/i;
const contextChars = 80;

export const health: Detector = {
  id: "health",
  version: "1.0.0",
  kind: "pii",
  types: ["health"],
  minDigits: 0,
  coverage: "partial",
  detect: (text, reading) => {
    if (!reading.has("health")) return [];
    const findings: Finding[] = [];
    const add = (match: RegExpExecArray, confidence: number): void => {
      findings.push({ type: "health", class: "pii", start: match.index, end: match.index + match[0].length, confidence });
    };
    const said: number[] = [];
    const terms = matchesOf(text, term);
    if (terms.length > 0) for (const match of matchesOf(text, ofSomebody)) said.push(match.index);
    let near = 0;
    for (const match of terms) {
      while (near < said.length && said[near]! < match.index - contextChars) near += 1;
      add(match, near < said.length && said[near]! < match.index + match[0].length + contextChars ? 0.85 : 0.5);
    }
    if (codeSaid.test(text)) for (const match of matchesOf(text, code)) add(match, 0.85);
    return findings;
  },
};
