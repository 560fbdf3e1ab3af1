export * from "@mandate/detectors";

/** Looks at nothing. */
export const detect = (): readonly [] => [];
