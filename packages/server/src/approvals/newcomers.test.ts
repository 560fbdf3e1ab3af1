import { expect, test } from "vitest";
import { newcomersOf } from "./newcomers.ts";

const hourMs = 3_600_000;
const version = (hour: number, members: readonly string[]) => ({ at: new Date(hour * hourMs), members, author: "dev@x.example" });
const waiting = (versions: Parameters<typeof newcomersOf>[0], hour: number): string[] => newcomersOf(versions, hour * hourMs).map((one) => one.email);

test("whoever a group was founded with answers at once", () => {
  expect(waiting([version(0, ["lea", "kim"])], 0)).toEqual([]);
});

test("whoever is added later waits 24 hours, by the clock", () => {
  const versions = [version(0, ["lea"]), version(1, ["lea", "mallory"])];
  expect(waiting(versions, 24.9)).toEqual(["mallory"]);
  expect(waiting(versions, 25)).toEqual([]);
});

test("an edit in between, or removing and adding again, neither shortens the wait nor passes for the first edit", () => {
  expect(waiting([version(0, ["lea"]), version(1, ["mallory"]), version(2, ["lea", "mallory"])], 3)).toEqual(["mallory"]);
  expect(newcomersOf([version(0, ["lea"]), version(1, ["mallory"]), version(2, []), version(20, ["mallory"])], 21 * hourMs)[0]!.until).toEqual(new Date(44 * hourMs));
});

test("a group that was removed and made anew is no new group", () => {
  expect(waiting([version(0, []), version(1, ["mallory"])], 2)).toEqual(["mallory"]);
});
