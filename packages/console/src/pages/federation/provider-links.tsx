import { useQuery } from "@tanstack/react-query";
import { federation as words } from "../../text/federation.ts";
import { signInProviders, startAt } from "./queries.ts";

/** One button a provider on the sign-in page; none while there is none. */
export function ProviderLinks() {
  const list = useQuery(signInProviders).data ?? [];
  return (
    <>
      {list.map((one) => (
        <a key={one.name} className="button button-plain" href={startAt(one.name)}>
          {words.with(one.title)}
        </a>
      ))}
    </>
  );
}
