/** Kept equal to package.json by a test: reading that file on each start costs more than it gives. */
export const version = "0.1.0";
