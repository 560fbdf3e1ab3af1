/** Words that would turn a measure into a verdict (G9): what no export says. OSCAL's negated status says the opposite. */
export const verdicts = /(?<!not-)\b(?:compliant|certified|satisfied|conformant)\b/i;

/** OSCAL's status of an objective that is met: never exported. */
export const oscalMet = "satisfied";
