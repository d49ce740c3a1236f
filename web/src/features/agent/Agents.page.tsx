import { Button } from "@mantine/core";
import { IconPlus, IconServer2 } from "@tabler/icons-react";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useState } from "react";
import { send } from "~/api/ask";
import { useCannot } from "~/api/me";
import { useCrumbs } from "~/shell/crumbs";
import { useKeys } from "~/shell/keys";
import { Ago } from "~/ui/Ago";
import { ConfirmDialog } from "~/ui/ConfirmDialog";
import { type Column, DataTable } from "~/ui/DataTable";
import { Empty } from "~/ui/Empty";
import { InLink } from "~/ui/InLink";
import { Page } from "~/ui/Page";
import { Panel } from "~/ui/Panel";
import { Status } from "~/ui/Status";
import { say } from "~/ui/say";
import { AddAgent } from "./AddAgent";
import classes from "./Agents.module.css";
import { type Agent, agentState, agentsKey, agentsQuery, inWords } from "./agent";

const crumbs = [{ title: "Agents", href: "/agents" }];

/** The machines that take pipeline runs: how each stands and what it has. */
export function AgentsPage() {
  const search = useSearch({ from: "/inside/agents" });
  const navigate = useNavigate({ from: "/agents" });
  useCrumbs(crumbs);
  const agents = useQuery(agentsQuery);
  const no = useCannot("manage-agents");
  const [act, setAct] = useState<{ verb: "drain" | "remove"; agent: Agent }>();
  const show = (change: { new?: string }) =>
    void navigate({ search: change, replace: true, resetScroll: false });
  const waits = agents.data?.door !== undefined;
  const may = !no && waits;
  const add = () => show({ new: "agent" });
  useKeys(may ? { n: add } : {});
  return (
    <Page
      title="Agents"
      lead={
        agents.data
          ? inWords(agents.data.items, agents.data.runners)
          : "Machines beside the factory's own that take pipeline runs."
      }
      actions={
        may && (
          <Button leftSection={<IconPlus size={16} aria-hidden />} onClick={add} aria-keyshortcuts="n">
            Add an agent
          </Button>
        )
      }
    >
      <Panel title="Agents" note={agents.data?.items.length} flush>
        <DataTable
          label="Agents"
          columns={columns(no ? undefined : setAct)}
          rows={agents.data?.items}
          rowId={(a) => a.id}
          pending={agents.isPending}
          error={agents.error}
          retry={() => void agents.refetch()}
          empty={
            waits ? (
              <Empty
                icon={IconServer2}
                title="No agents yet"
                {...(may ? { start: { label: "Add the first agent", onClick: add } } : {})}
              >
                An agent is this same program on another machine. It takes runs from the queue and walks them
                there, in the same sandbox; what it built is signed and published here. Teams take turns on
                all machines together.
              </Empty>
            ) : (
              <Empty
                icon={IconServer2}
                title="This factory does not wait for agents"
                start={{ command: "factory up --agents 0.0.0.0:8443" }}
              >
                Started so, it lets machines beside its own take pipeline runs, each known by a certificate of
                the factory’s own authority. With --runners 0 the factory itself builds nothing.
              </Empty>
            )
          }
        />
      </Panel>
      {search.new && <AddAgent onClose={() => show({})} />}
      {act && <Act {...act} onClose={() => setAct(undefined)} />}
    </Page>
  );
}

function columns(
  onAct?: (act: { verb: "drain" | "remove"; agent: Agent }) => void,
): readonly Column<Agent>[] {
  const list: Column<Agent>[] = [
    {
      id: "name",
      header: "Name",
      cell: (a) => <b style={{ fontWeight: 560 }}>{a.name}</b>,
      sort: (a) => a.name,
      width: "minmax(80px, 0.8fr)",
      small: "minmax(0, 1fr)",
    },
    {
      id: "state",
      header: "State",
      cell: (a) => <Status {...agentState(a)} />,
      sort: (a) => a.state,
      width: "130px",
      small: "112px",
    },
    {
      id: "runs",
      header: "Runs",
      cell: (a) =>
        a.runs.length === 0 ? (
          <span className={classes.quiet}>{a.state === "connected" ? "nothing" : ""}</span>
        ) : (
          <span className={classes.runs}>
            {a.runs.map((r) => (
              <InLink key={r.id} href={`/runs/${r.id}`}>
                {r.component} {r.number}
              </InLink>
            ))}
          </span>
        ),
      width: "minmax(100px, 1.4fr)",
      small: "minmax(0, 1fr)",
    },
    { id: "slots", header: "At once", align: "right", cell: (a) => a.slots || "", width: "70px", wide: true },
    {
      id: "host",
      header: "Machine",
      cell: (a) => (
        <span title={a.isolation.length > 0 ? `Cannot isolate: ${a.isolation.join(", ")}` : undefined}>
          {[a.system, a.go, a.isolation.length > 0 ? "isolates in part" : ""].filter(Boolean).join(", ")}
        </span>
      ),
      width: "minmax(210px, 1.6fr)",
      wide: true,
    },
    { id: "version", header: "Version", cell: (a) => a.version ?? "", width: "80px", wide: true },
    {
      id: "seen",
      header: "Seen",
      align: "right",
      cell: (a) => <Ago at={a.seen} never="never" />,
      width: "92px",
      wide: true,
    },
  ];
  if (onAct) {
    list.push({
      id: "act",
      header: "Actions",
      align: "right",
      cell: (a) => (
        <span className={classes.acts}>
          {a.state === "connected" && (
            <Button
              size="compact-xs"
              variant="subtle"
              color="gray"
              aria-label={`Drain ${a.name}`}
              onClick={() => onAct({ verb: "drain", agent: a })}
            >
              Drain
            </Button>
          )}
          <Button
            size="compact-xs"
            variant="subtle"
            color="gray"
            aria-label={`Remove ${a.name}`}
            onClick={() => onAct({ verb: "remove", agent: a })}
          >
            Remove
          </Button>
        </span>
      ),
      width: "140px",
      small: "84px",
    });
  }
  return list;
}

function Act({ verb, agent: a, onClose }: { verb: "drain" | "remove"; agent: Agent; onClose: () => void }) {
  const queries = useQueryClient();
  const runs = a.runs.length === 1 ? "the run that it has" : `the ${a.runs.length} runs that it has`;
  const done = async (text: string) => {
    await queries.invalidateQueries({ queryKey: agentsKey });
    void say(text);
  };
  if (verb === "drain") {
    return (
      <ConfirmDialog
        needs="manage-agents"
        title={`Drain ${a.name}?`}
        will={[
          "give it no more runs",
          a.runs.length > 0 ? `let ${runs} end there, and then the agent` : "let the agent end",
        ]}
        undo="It takes runs again when it is started again on its machine."
        action="Drain it"
        onClose={onClose}
        onConfirm={async () => {
          await send("post", "/api/v1/agents/{name}/drain", { name: a.name });
          await done(`${a.name} takes no more runs.`);
        }}
      />
    );
  }
  return (
    <ConfirmDialog
      needs="manage-agents"
      title={`Remove ${a.name}?`}
      will={[
        "refuse its certificate at once",
        ...(a.runs.length > 0 ? [`let ${runs} begin again elsewhere`] : []),
      ]}
      undo="To use the machine again, add it anew."
      action="Remove it"
      onClose={onClose}
      onConfirm={async () => {
        await send("delete", "/api/v1/agents/{name}", { name: a.name });
        await done(`${a.name} is refused from now on.`);
      }}
    />
  );
}
