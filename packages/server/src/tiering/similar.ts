import type { Tx } from "../database/index.ts";
import { loadRegister } from "../registry/index.ts";
import type { Register, StoredObject } from "../registry/index.ts";

export interface UseCase {
  readonly title: string;
  readonly purposes: readonly string[];
  readonly tools: readonly string[];
  readonly datasets: readonly string[];
}

export interface SimilarSystem {
  readonly name: string;
  readonly title: string;
  readonly owner: string | null;
  /** 0 to 1. */
  readonly score: number;
  /** What is alike, in words that a person can check. */
  readonly because: readonly string[];
}

/** Words that every purpose has and that make nothing alike. */
const common: ReadonlySet<string> = new Set(["the", "and", "for", "our", "that", "this", "with", "from", "into", "its", "are", "system", "assistant", "agent", "bot", "tool", "helps", "help"]);

/** Lower-case words of three letters and more, endings cut so that `invoices` meets `invoice`. */
function wordsOf(text: string): Set<string> {
  const words = text.normalize("NFKD").replaceAll(/\p{M}/gu, "").toLowerCase().match(/[\p{L}\p{N}]{3,40}/gu) ?? [];
  return new Set(words.slice(0, 400).filter((word) => !common.has(word)).map((word) => word.replace(/(?:ings?|ies|es|s|ed)$/, "")));
}

function trigrams(text: string): Set<string> {
  const plain = ` ${text.toLowerCase().replaceAll(/[^\p{L}\p{N}]+/gu, " ").trim()} `.slice(0, 300);
  return new Set(Array.from({ length: Math.max(0, plain.length - 2) }, (_, at) => plain.slice(at, at + 3)));
}

const shared = (a: ReadonlySet<string>, b: ReadonlySet<string>): string[] => [...a].filter((one) => b.has(one));
/** Shared over all, 0 to 1; two empty sets are nothing alike. */
const alike = (a: ReadonlySet<string>, b: ReadonlySet<string>): number => (a.size + b.size === 0 ? 0 : shared(a, b).length / (a.size + b.size - shared(a, b).length));

interface Profile {
  readonly title: string;
  readonly words: ReadonlySet<string>;
  readonly trigrams: ReadonlySet<string>;
  readonly tools: ReadonlySet<string>;
  readonly datasets: ReadonlySet<string>;
}

function profileOf({ title, purposes, tools, datasets }: UseCase): Profile {
  return { title, words: wordsOf(purposes.join(" ")), trigrams: trigrams(title), tools: new Set(tools), datasets: new Set(datasets) };
}

/** Pure. How alike two use cases are, and by what: purpose weighs most, then the name, then what they touch. */
export function compareUseCases(wanted: UseCase, known: UseCase): Likeness {
  return compareProfiles(profileOf(wanted), profileOf(known));
}

type Likeness = { readonly score: number; readonly because: string[] };

function compareProfiles(wanted: Profile, known: Profile): Likeness {
  const [mine, theirs] = [wanted.words, known.words];
  const parts = [
    { weight: 5, value: alike(mine, theirs), there: mine.size > 0 && theirs.size > 0, text: `Its purpose shares ${shared(mine, theirs).join(", ")}` },
    { weight: 3, value: alike(wanted.trigrams, known.trigrams), there: wanted.title !== "", text: `Its name is alike: ${known.title}` },
    ...(["tools", "datasets"] as const).map((kind) => {
      const [own, other] = [wanted[kind], known[kind]];
      return { weight: 2, value: alike(own, other), there: own.size > 0 && other.size > 0, text: `It uses the same ${kind}: ${shared(own, other).join(", ")}` };
    }),
  ].filter((part) => part.there);
  const total = parts.reduce((sum, part) => sum + part.weight, 0);
  const score = total === 0 ? 0 : parts.reduce((sum, part) => sum + part.weight * part.value, 0) / total;
  return { score: Math.round(score * 100) / 100, because: parts.filter((part) => part.value >= 0.25).map((part) => part.text) };
}

const worthShowing = 0.3;

const bare = (references: readonly string[]): string[] => references.map((text) => text.slice(text.indexOf(":") + 1));

function useCaseOf({ name, spec }: StoredObject<"AISystem">): UseCase {
  return { title: spec.title ?? name, purposes: spec.purposes.map((purpose) => purpose.text), tools: bare(spec.uses.tools), datasets: bare(spec.uses.datasets) };
}

/** At most five, the most alike first. Each system's words are taken apart once, however many are asked about. */
function likenesses(register: Register): (wanted: UseCase, except: string | undefined) => SimilarSystem[] {
  const known = register.all("AISystem").map((system) => ({ system, profile: profileOf(useCaseOf(system)) }));
  return (wanted, except) => {
    const mine = profileOf(wanted);
    return known
      .filter(({ system }) => system.name !== except)
      .map(({ system: { name, spec }, profile }): SimilarSystem => ({ name, title: profile.title, owner: spec.owners.technical ?? spec.owners.business ?? null, ...compareProfiles(mine, profile) }))
      .filter((system) => system.score >= worthShowing && system.because.length > 0)
      .toSorted((a, b) => b.score - a.score)
      .slice(0, 5);
  };
}

export async function similarSystems(tx: Tx, org: string, wanted: UseCase, except: string | undefined): Promise<SimilarSystem[]> {
  return likenesses(await loadRegister(tx, org))(wanted, except);
}

/** More than worth showing: nobody is at the screen to say that it is nothing. */
const worthAFinding = 0.6;

/**
 * What the Register page asks of a person (join or justify), for systems that came by manifest, API or import.
 * @param names whom to compare with every other
 * @param together came in one change: of two that are alike the second by name is told
 * @returns by system, those it doesn't say it is distinct from
 */
export function unjustifiedTwins(register: Register, names: ReadonlySet<string>, together: ReadonlySet<string>): ReadonlyMap<string, readonly SimilarSystem[]> {
  if (names.size === 0) return new Map();
  const alikeTo = likenesses(register);
  return new Map(
    register.all("AISystem").filter((system) => names.has(system.name)).flatMap((system) => {
      const justified = new Set((system.spec.distinctFrom ?? []).map((one) => one.system));
      const twins = alikeTo(useCaseOf(system), system.name).filter((one) => one.score >= worthAFinding && !justified.has(one.name) && !(together.has(one.name) && one.name > system.name));
      return twins.length === 0 ? [] : [[system.name, twins] as const];
    }),
  );
}
