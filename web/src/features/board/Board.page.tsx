import { Button, SegmentedControl, Skeleton } from "@mantine/core";
import { IconBulb, IconPlus } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useState } from "react";
import type { Schemas } from "~/api/ask";
import { Empty } from "~/ui/Empty";
import { Page } from "~/ui/Page";
import { Panel } from "~/ui/Panel";
import { Problem } from "~/ui/Problem";
import classes from "./Board.module.css";
import { boardQuery } from "./board";
import { KeyResultForm, ObjectiveForm, ProposalForm, VisionForm } from "./forms";
import { Kanban } from "./Kanban";
import { Objectives } from "./Objectives";
import { Ranked } from "./Ranked";
import { VisionPanel } from "./VisionPanel";

const lead = "Where the company wants to go, what it bets on, and what the bets have changed.";

/** Where the company wants to go, what it bets on, and what the bets have changed. */
export function BoardPage() {
  const { data, error, refetch } = useQuery(boardQuery());
  if (data) return <Board portfolio={data} />;
  return (
    <Page title="Board" lead={lead}>
      {error ? <Problem look="page" error={error} retry={() => void refetch()} /> : <BoardSkeleton />}
    </Page>
  );
}

/** What is being written: something new by its kind, or an object to change. */
type Writing =
  | { what: "key-result"; objective: string }
  | { what: "edit-objective"; objective: Schemas["Objective"] };

function Board({ portfolio: p }: { portfolio: Schemas["Portfolio"] }) {
  const search = useSearch({ from: "/inside/board" });
  const navigate = useNavigate({ from: "/board" });
  const [writing, setWriting] = useState<Writing>();
  // The form keeps what it began with while the board goes on living under it.
  const [began, setBegan] = useState<Schemas["Vision"]>();
  const open = (what: "vision" | "objective" | "initiative") => {
    setBegan(p.vision);
    void navigate({ search: (s) => ({ ...s, new: what }), replace: true });
  };
  const close = () => {
    setWriting(undefined);
    void navigate({ search: ({ new: _, ...s }) => s, replace: true });
  };
  const view = search.view ?? "board";

  return (
    <Page title="Board" lead={lead}>
      <VisionPanel vision={p.vision} onEdit={() => open("vision")} />
      <Objectives
        objectives={p.objectives}
        lit={search.objective}
        onAdd={() => open("objective")}
        onEdit={(objective) => setWriting({ what: "edit-objective", objective })}
        onAddKeyResult={(objective) => setWriting({ what: "key-result", objective })}
      />
      <section className={classes.section} aria-labelledby="initiatives">
        <header className={classes.head}>
          <h2 id="initiatives">Initiatives</h2>
          <div className={classes.tools}>
            <SegmentedControl
              size="xs"
              aria-label="How initiatives are shown"
              value={view}
              data={[
                { value: "board", label: "Board" },
                { value: "ranked", label: "Ranked" },
              ]}
              onChange={(v) =>
                void navigate({
                  search: (s) => ({ ...s, view: v === "ranked" ? "ranked" : undefined }),
                  replace: true,
                  resetScroll: false,
                })
              }
            />
            <Button
              size="xs"
              leftSection={<IconPlus size={14} />}
              disabled={p.objectives.length === 0}
              onClick={() => open("initiative")}
            >
              Propose
            </Button>
          </div>
        </header>
        {p.initiatives.length === 0 ? (
          <Panel>
            <Empty
              icon={IconBulb}
              title="No initiative yet"
              small
              start={
                p.objectives.length > 0
                  ? { label: "Propose an initiative", onClick: () => open("initiative") }
                  : { label: "Add an objective first", onClick: () => open("objective") }
              }
            >
              An initiative is a bet with a price: a hypothesis of what will change, ranked by what delay
              costs, and decided on what was measured.
            </Empty>
          </Panel>
        ) : view === "ranked" ? (
          <Ranked initiatives={p.initiatives} />
        ) : (
          <Kanban initiatives={p.initiatives} />
        )}
      </section>

      {search.new === "vision" && <VisionForm vision={began ?? p.vision} onClose={close} />}
      {search.new === "objective" && <ObjectiveForm objective={undefined} onClose={close} />}
      {search.new === "initiative" && p.objectives.length === 0 && (
        <ObjectiveForm
          objective={undefined}
          lead="An initiative serves an objective, and there is none yet: begin with it."
          onClose={close}
        />
      )}
      {search.new === "initiative" && p.objectives.length > 0 && (
        <ProposalForm
          objectives={p.objectives}
          onClose={close}
          onDone={(id) => void navigate({ to: "/initiatives/$id", params: { id } })}
        />
      )}
      {writing?.what === "edit-objective" && <ObjectiveForm objective={writing.objective} onClose={close} />}
      {writing?.what === "key-result" && (
        <KeyResultForm objective={writing.objective} keyResult={undefined} onClose={close} />
      )}
    </Page>
  );
}

function BoardSkeleton() {
  return (
    <div role="status" aria-label="Loading" className={classes.section}>
      <Skeleton height={92} radius="md" />
      <Skeleton height={20} width={120} mt={12} />
      <Skeleton height={116} radius="md" />
      <Skeleton height={116} radius="md" />
      <Skeleton height={20} width={120} mt={12} />
      <div className={classes.outline}>
        {["a", "b", "c", "d", "e", "f"].map((k) => (
          <Skeleton key={k} height={220} radius="md" />
        ))}
      </div>
    </div>
  );
}
