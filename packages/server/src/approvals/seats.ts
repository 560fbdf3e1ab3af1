import type { Role } from "@mandate/model";

/** Who belongs to a set, looked up again at the moment of each answer: a role that ended meanwhile answers nothing. */
export type Seat =
  | { readonly kind: "role"; readonly role: Role }
  | { readonly kind: "owner"; readonly owner: "business" | "technical" }
  | { readonly kind: "owners" }
  | { readonly kind: "group"; readonly name: string }
  | { readonly kind: "approvers" }
  | { readonly kind: "person"; readonly email: string };

export interface Member {
  readonly email: string;
  /** The role it answers in, or the group's name. */
  readonly role: string;
}

/** One set of people of which `count` must say yes. */
export interface ApproverSet {
  /** Group's name, or `owners`, or the role that qualifies. */
  readonly group: string;
  readonly count: number;
  /** Absent in questions older than this rule: the members of then are the members. */
  readonly seat?: Seat;
  /** May decide in this set's place, by quorum and majority. */
  readonly committee?: { readonly group: string; readonly quorum: number };
  /** As they were when the question was asked. */
  readonly members: readonly Member[];
}

/** People, roles and groups at one moment. */
export interface Directory {
  readonly nowMs: number;
  /** Who fills a seat now, for the system of the question. */
  readonly holders: (seat: Seat, system: string | null) => readonly Member[];
  /** Who came to a seat by an edit, and answers in it only from a moment on. */
  readonly waiting?: (seat: Seat, system: string | null) => readonly { readonly email: string; readonly until: Date }[];
  /** Members of an appointed committee whose group is still as it was appointed. */
  readonly committee: (group: string) => readonly Member[];
  readonly delegations: readonly ActiveDelegation[];
}

export interface ActiveDelegation {
  readonly id: string;
  readonly from: string;
  readonly to: string;
  /** Signed with a passkey; one that isn't doesn't reach T3. */
  readonly signed: boolean;
}

export interface Answer {
  readonly email: string;
  readonly set: string;
  readonly choice: "approve" | "refuse";
  readonly onBehalfOf: string | null;
}

/** A place that somebody may take in answering. */
export interface Place {
  readonly set: string;
  readonly role: string;
  readonly onBehalfOf: string | null;
  readonly delegation: ActiveDelegation | null;
  /** Votes in a committee; one no among its members doesn't end the question. */
  readonly committee: boolean;
}

export const committeeSet = (group: string): string => `committee ${group}`;

export function membersNow(set: ApproverSet, system: string | null, directory: Directory): readonly Member[] {
  const own = set.seat === undefined ? set.members : directory.holders(set.seat, system);
  return set.committee === undefined ? own : [...own, ...directory.committee(set.committee.group)];
}

/** Every place `email` may take now: its own first, then those of absent people who named it. */
export function placesOf(sets: readonly ApproverSet[], system: string | null, email: string, directory: Directory, tier: string): Place[] {
  const asThemselves = placesAs(sets, system, email, directory).map((place) => ({ ...place, onBehalfOf: null, delegation: null }));
  const forOthers = directory.delegations
    .filter((one) => one.to === email && (one.signed || tier !== "T3"))
    // A seat in a committee is a person's own vote, so it isn't handed on.
    .flatMap((one) => placesAs(sets, system, one.from, directory).filter((place) => !place.committee).map((place) => ({ ...place, onBehalfOf: one.from, delegation: one })));
  return [...asThemselves, ...forOthers];
}

function placesAs(sets: readonly ApproverSet[], system: string | null, email: string, directory: Directory): Pick<Place, "set" | "role" | "committee">[] {
  return sets.flatMap((set) => {
    const own = (set.seat === undefined ? set.members : directory.holders(set.seat, system)).find((one) => one.email === email);
    const voting = set.committee !== undefined && directory.committee(set.committee.group).some((one) => one.email === email);
    return [
      ...(own === undefined ? [] : [{ set: set.group, role: own.role, committee: false }]),
      ...(voting ? [{ set: committeeSet(set.committee.group), role: committeeSet(set.committee.group), committee: true }] : []),
    ];
  });
}

/** A set that still lacks answers. */
export function isOpen(set: ApproverSet, answers: readonly Answer[]): boolean {
  const said = answers.filter((one) => one.choice === "approve" && one.set === set.group).length;
  return said < set.count && committeeVerdict(set, answers) !== "approve";
}

/** Names of the sets that still lack answers. */
export function openSets(question: { readonly approvers: readonly ApproverSet[]; readonly signatures: readonly Answer[] }): string[] {
  return question.approvers.filter((set) => isOpen(set, question.signatures)).map((set) => set.group);
}

/** Undefined while votes lack; a tie is a no. */
export function committeeVerdict(set: ApproverSet, answers: readonly Answer[]): "approve" | "refuse" | undefined {
  const { committee } = set;
  if (committee === undefined) return undefined;
  const votes = answers.filter((one) => one.set === committeeSet(committee.group));
  if (votes.length < committee.quorum) return undefined;
  return votes.filter((one) => one.choice === "approve").length * 2 > votes.length ? "approve" : "refuse";
}

/** What the answers so far amount to. A no outside a committee ends the question; within one, its majority does. */
export function outcomeOf(sets: readonly ApproverSet[], answers: readonly Answer[]): "pending" | "approved" | "refused" {
  const votes = new Set(sets.flatMap((set) => (set.committee === undefined ? [] : [committeeSet(set.committee.group)])));
  if (answers.some((one) => one.choice === "refuse" && !votes.has(one.set))) return "refused";
  if (sets.some((set) => committeeVerdict(set, answers) === "refuse")) return "refused";
  // INVARIANT (G11): where nobody is asked, nothing is approved.
  return sets.length > 0 && sets.every((set) => !isOpen(set, answers)) ? "approved" : "pending";
}
