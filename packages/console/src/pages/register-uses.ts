/** One line each practice of Article 5(1) and area of Annex III, Regulation (EU) 2024/1689. Paraphrased, for a first screen. */
export const prohibitedUses: readonly (readonly [string, string])[] = [
  ["ART-5.1.a", "Manipulates people below their awareness, with harm"],
  ["ART-5.1.b", "Exploits age, disability or a social situation, with harm"],
  ["ART-5.1.c", "Scores people socially"],
  ["ART-5.1.d", "Predicts crime from a person's profile alone"],
  ["ART-5.1.e", "Builds face databases by untargeted scraping"],
  ["ART-5.1.f", "Infers emotions at work or in education"],
  ["ART-5.1.g", "Sorts people by biometrics into sensitive groups"],
  ["ART-5.1.h", "Identifies people remotely in public in real time, for law enforcement"],
];
export const annex3Uses: readonly (readonly [string, string])[] = [
  ["ANX-III.1", "Biometrics"],
  ["ANX-III.2", "Critical infrastructure"],
  ["ANX-III.3", "Education and training"],
  ["ANX-III.4", "Work: hiring, tasks, evaluation"],
  ["ANX-III.5", "Essential services: benefits, credit, insurance, emergency calls"],
  ["ANX-III.6", "Law enforcement"],
  ["ANX-III.7", "Migration, asylum, borders"],
  ["ANX-III.8", "Justice and democratic processes"],
];
