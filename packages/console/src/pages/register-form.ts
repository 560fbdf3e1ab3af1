import { register as words } from "../text/register.ts";

export interface Form {
  readonly title: string;
  readonly purpose: string;
  readonly business: string;
  readonly technical: string;
  readonly models: readonly string[];
  readonly tools: readonly string[];
  readonly datasets: readonly string[];
  readonly sensitivity: string;
  readonly region: string;
  readonly audience: string;
  readonly autonomy: string;
  readonly prohibited: readonly string[];
  readonly annex3: readonly string[];
  readonly noneOfThese: boolean;
  readonly also: readonly string[];
  readonly decisionEffect: string;
  readonly reversibility: string;
  readonly euNexus: string;
  /** Article 6(3) condition relied on, and why it holds. */
  readonly derogation: string;
  readonly derogationWhy: string;
  /** Why this isn't the system named. */
  readonly distinctFrom: Readonly<Record<string, string>>;
}
/** Nothing is answered in advance: a default here would be an answer that nobody gave. */
export const emptyForm: Form = {
  title: "",
  purpose: "",
  business: "",
  technical: "",
  models: [],
  tools: [],
  datasets: [],
  sensitivity: "",
  region: "",
  audience: "",
  autonomy: "",
  prohibited: [],
  annex3: [],
  noneOfThese: false,
  also: [],
  decisionEffect: "",
  reversibility: "",
  euNexus: "",
  derogation: "",
  derogationWhy: "",
  distinctFrom: {},
};

/** `Invoice Reader` becomes `invoice-reader`: lower-case ASCII, at most 63 characters. */
export function nameOf(title: string): string {
  return title
    .normalize("NFKD")
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
    .replaceAll(/^-+|-+$/g, "")
    .slice(0, 63)
    .replace(/-+$/, "");
}

export function problemsOf(form: Form, step: number): Record<string, string> {
  const problems: Record<string, string> = {};
  const email = /^[^\s@]+@[^\s@]+\.[^\s@]+$/;
  if (step === 1) {
    if (nameOf(form.title) === "") problems["title"] = words.required;
    if (form.purpose.trim() === "") problems["purpose"] = words.required;
  }
  if (step === 2) {
    for (const field of ["business", "technical"] as const)
      if (!email.test(form[field].trim()))
        problems[field] = form[field].trim() === "" ? words.required : words.badEmail;
    if (
      problems["technical"] === undefined &&
      form.business.trim().toLowerCase() === form.technical.trim().toLowerCase()
    )
      problems["technical"] = words.samePerson;
  }
  const must = {
    3: ["sensitivity", "region"],
    4: ["audience", "autonomy"],
  } as const;
  for (const field of must[step as 3] ?? []) if (form[field].trim() === "") problems[field] = words.required;
  if (step === 5 && !form.noneOfThese && form.prohibited.length + form.annex3.length === 0)
    problems["uses"] = words.must;
  if (step === 5 && form.derogation !== "" && form.derogationWhy.trim() === "")
    problems["derogationWhy"] = words.required;
  return problems;
}

/** YAML is a superset of JSON: each value is written as JSON, so that no answer can break out of its place. */
export function manifestOf(form: Form): string {
  const distinct = Object.entries(form.distinctFrom)
    .filter(([, reason]) => reason.trim() !== "")
    .map(([system, reason]) => ({ system, reason: reason.trim() }));
  const spec = {
    title: form.title.trim(),
    purposes: [{ id: nameOf(form.purpose).slice(0, 40).replace(/-+$/, "") || "purpose", text: form.purpose.trim() }],
    owners: { business: form.business.trim().toLowerCase(), technical: form.technical.trim().toLowerCase() },
    audience: form.audience,
    autonomy: form.autonomy,
    intake: {
      // An empty list says "none of these": it stands only where somebody said so.
      ...(form.noneOfThese || form.prohibited.length + form.annex3.length > 0
        ? { prohibited: form.prohibited, annex3: form.annex3 }
        : {}),
      ...(form.derogation === ""
        ? {}
        : { article6_3: { condition: form.derogation, reason: form.derogationWhy.trim() || "-" } }),
      annex1: form.also.includes("annex1"),
      profiling: form.also.includes("profiling"),
      // What nobody answered is left out: a rule that needs it counts it as T2.
      ...(form.decisionEffect === "" ? {} : { decisionEffect: form.decisionEffect }),
      ...(form.reversibility === "" ? {} : { reversibility: form.reversibility }),
      vulnerable: form.also.includes("vulnerable"),
      publicBody: form.also.includes("publicBody"),
      ...(form.euNexus === "" ? {} : { euNexus: form.euNexus === "yes" }),
    },
    ...(distinct.length === 0 ? {} : { distinctFrom: distinct }),
    boundary: {
      sensitivity: form.sensitivity,
      classes: [],
      regions: form.region
        .split(",")
        .map((region) => region.trim())
        .filter((region) => region !== ""),
      training: "never",
    },
    uses: {
      models: form.models.map((name) => `model:${name}`),
      tools: form.tools.map((name) => `tool:${name}`),
      datasets: form.datasets.map((name) => `dataset:${name}`),
    },
  };
  return `apiVersion: v1\nkind: AISystem\nmetadata: ${JSON.stringify({ name: nameOf(form.title) })}\nspec: ${JSON.stringify(spec)}\n`;
}
