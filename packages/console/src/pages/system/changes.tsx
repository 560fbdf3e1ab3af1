import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { history } from "../../api.ts";
import { Loaded } from "../../components/states.tsx";
import { Panel, Time } from "../../components/ui.tsx";
import { t } from "../../text.ts";

export function Changes({ name }: { name: string }) {
  const query = useQuery(history(name));
  const navigate = useNavigate();
  return (
    <Panel
      title={t.system.changes}
      aside={
        <button
          type="button"
          className="link-button"
          onClick={() => void navigate({ to: "/systems/$name", params: { name } })}
        >
          {t.system.passport}
        </button>
      }
    >
      <Loaded query={query} what={t.system.changes}>
        {(data) =>
          data.items.length === 0 ? (
            <p className="panel-body muted">{t.system.noChange}</p>
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
