/** One line each practice of Article 5(1) and use of Annex III, Regulation (EU) 2024/1689, by their ids in the framework data. */
export const prohibitedUses: readonly (readonly [string, string])[] = [
  ["ART-5.1.a", "Manipulative or deceptive techniques: distorting behavior so that significant harm follows"],
  ["ART-5.1.b", "Exploiting vulnerability: using age, disability or hardship to distort behavior"],
  [
    "ART-5.1.ba",
    "Non-consensual intimate imagery: generating or altering intimate material of an identifiable person without consent; added 2026",
  ],
  ["ART-5.1.bb", "Child sexual abuse material: generating or altering such material; added 2026"],
  ["ART-5.1.c", "Social scoring: scoring people by conduct or traits with unjustified detriment"],
  ["ART-5.1.d", "Crime prediction from profiling: assessing offending risk from profiling alone"],
  ["ART-5.1.e", "Face scraping: building face databases by untargeted scraping"],
  ["ART-5.1.f", "Emotion inference at work or school: inferring emotions there, save medical or safety reasons"],
  ["ART-5.1.g", "Sensitive biometric categorization: deducing protected traits from biometrics"],
  [
    "ART-5.1.h",
    "Real-time remote biometric identification: in public spaces for law enforcement, with narrow exceptions",
  ],
];

/** Area, then the uses listed in it. */
export const annex3Areas: readonly (readonly [string, readonly (readonly [string, string])[]])[] = [
  [
    "Biometrics",
    [
      ["ANX-III.1.a", "Remote biometric identification: not plain one-to-one verification"],
      ["ANX-III.1.b", "Biometric categorization: by inferred sensitive or protected attributes"],
      ["ANX-III.1.c", "Emotion recognition: intended to recognize emotions"],
    ],
  ],
  [
    "Critical infrastructure",
    [["ANX-III.2.a", "Safety components: digital infrastructure, traffic, water, gas, heat, electricity"]],
  ],
  [
    "Education and vocational training",
    [
      ["ANX-III.3.a", "Admission: access or assignment to institutions"],
      ["ANX-III.3.b", "Learning outcomes: evaluating and steering learning"],
      ["ANX-III.3.c", "Level of education: deciding the level a person may get"],
      ["ANX-III.3.d", "Test conduct: detecting prohibited behavior in tests"],
    ],
  ],
  [
    "Employment, workers management and access to self-employment",
    [
      ["ANX-III.4.a", "Recruitment: targeting ads, filtering and evaluating candidates"],
      ["ANX-III.4.b", "Work decisions: terms, promotion, termination, task allocation, monitoring"],
    ],
  ],
  [
    "Access to essential private and public services and benefits",
    [
      ["ANX-III.5.a", "Public benefits: eligibility for and withdrawal of benefits and services"],
      ["ANX-III.5.b", "Creditworthiness: credit scoring, not fraud detection"],
      ["ANX-III.5.c", "Life and health insurance: risk assessment and pricing"],
      ["ANX-III.5.d", "Emergency services: call triage and dispatch"],
    ],
  ],
  [
    "Law enforcement",
    [
      ["ANX-III.6.a", "Victim risk: risk of becoming a victim"],
      ["ANX-III.6.b", "Polygraphs: lie detection and the like"],
      ["ANX-III.6.c", "Evidence reliability: evaluating evidence"],
      ["ANX-III.6.d", "Offending risk: not solely by profiling; assessing traits or past conduct"],
      ["ANX-III.6.e", "Profiling in investigations: profiling during detection or prosecution"],
    ],
  ],
  [
    "Migration, asylum and border control management",
    [
      ["ANX-III.7.a", "Polygraphs: lie detection and the like"],
      ["ANX-III.7.b", "Entry risk: security, migration or health risk of a person"],
      ["ANX-III.7.c", "Applications: examining asylum, visa and residence claims"],
      ["ANX-III.7.d", "Identification: detecting or recognizing people, not document checks"],
    ],
  ],
  [
    "Administration of justice and democratic processes",
    [
      ["ANX-III.8.a", "Judicial assistance: researching and applying law and facts"],
      ["ANX-III.8.b", "Elections: influencing votes or outcomes"],
    ],
  ],
];
