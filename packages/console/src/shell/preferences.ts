function read(key: string): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}
function write(key: string, value: string): void {
  try {
    localStorage.setItem(key, value);
  } catch {
    // Storage refused: it holds for this page.
  }
}

export const theme = {
  get: (): string => read("mandate.theme") ?? "system",
  set: (value: string): void => {
    write("mandate.theme", value);
    dispatchEvent(new CustomEvent("mandate:theme", { detail: value }));
  },
};
export const density = {
  get: (): string => document.documentElement.dataset["density"] ?? "compact",
  set: (value: string): void => {
    write("mandate.density", value);
    document.documentElement.dataset["density"] = value;
  },
};
export const singleKeys = {
  get: (): boolean => read("mandate.keys") !== "off",
  set: (on: boolean): void => write("mandate.keys", on ? "on" : "off"),
};
