import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { history } from "../../api.ts";
import { Loaded } from "../../components/states.tsx";
import { Panel, Time } from "../../components/ui.tsx";
import { system as words } from "../../text/system.ts";

export function Changes({ name }: { name: string }) {
  const query = useQuery(history(name));
  const navigate = useNavigate();
  return (
    <Panel
      title={words.changes}
      aside={
        <button
          type="button"
          className="link-button"
          onClick={() => void navigate({ to: "/systems/$name", params: { name } })}
        >
          {words.passport}
        </button>
      }
    >
      <Loaded query={query} what={words.changes}>
        {(data) =>
          data.items.length === 0 ? (
            <p className="panel-body muted">{words.noChange}</p>
          ) : (
            <ul className="needs plain">
              {data.items.map((item) => (
                <li key={item.at + item.summary}>
                  <span>
                    <b>{item.summary}</b>
                    <span className="muted small block">
                      {item.by}, <Time at={item.at} />
                      {(item.reason ?? "") === "" ? "" : `: ${item.reason}`}
                    </span>
                  </span>
                </li>
              ))}
            </ul>
          )
        }
      </Loaded>
    </Panel>
  );
}
