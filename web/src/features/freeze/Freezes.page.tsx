import { Button } from "@mantine/core";
import { IconSnowflake } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useMemo } from "react";
import { useCannot } from "~/api/me";
import { useNow } from "~/lib/now";
import { useCrumbs } from "~/shell/crumbs";
import { useKeys } from "~/shell/keys";
import { Empty } from "~/ui/Empty";
import { Page } from "~/ui/Page";
import { Panel } from "~/ui/Panel";
import { Problem } from "~/ui/Problem";
import { RowsSkeleton } from "~/ui/Skeletons";
import { DeclareFreeze } from "./DeclareFreeze";
import { apart, freezesQuery } from "./freeze";
import { LiftFreeze } from "./LiftFreeze";
import { OpenFreezes } from "./OpenFreezes";
import { PastFreezes } from "./PastFreezes";
import { Strip } from "./Strip";

/** Windows of time in which production shall not change: those in force and to come, and those that were. */
export function FreezesPage() {
  const search = useSearch({ from: "/inside/freezes" });
  const navigate = useNavigate({ from: "/freezes" });
  useCrumbs(useMemo(() => [{ title: "Freezes", href: "/freezes" }], []));
  const now = useNow();
  const no = useCannot("freeze");
  const all = useQuery(freezesQuery(true));
  const declare = () => void navigate({ search: { new: "freeze" }, replace: true });
  const close = () => void navigate({ search: {}, replace: true });
  useKeys(no ? {} : { n: declare });
  const list = all.data?.items;
  const { open, past } = apart(list ?? [], now);
  const lifted = open.find((f) => f.id === search.lift);
  return (
    <Page
      title="Freezes"
      lead="Windows of time in which nothing widens or is promoted in production. Harm is still taken back, and hotfixes go."
      actions={
        <Button
          leftSection={<IconSnowflake size={16} stroke={1.8} aria-hidden />}
          onClick={declare}
          aria-keyshortcuts="n"
          variant={no ? "default" : "filled"}
        >
          Declare a freeze
        </Button>
      }
    >
      {all.error && !list ? (
        <Problem error={all.error} retry={() => void all.refetch()} />
      ) : !list ? (
        <Panel title="Weeks">
          <RowsSkeleton />
        </Panel>
      ) : (
        <>
          {list.length > 0 && <Strip freezes={list} now={now} />}
          <Panel title="In force and planned" note={open.length || undefined} flush={open.length > 0}>
            {open.length > 0 ? (
              <OpenFreezes
                freezes={open}
                now={now}
                onLift={(id) => void navigate({ search: { lift: id }, replace: true })}
              />
            ) : (
              <Empty icon={IconSnowflake} title="Production is open" small>
                For a day on which nothing shall change, such as the closing of the books or a race, board and
                platform declare a freeze: for everything, a team or a component. Teams go on pushing; of what
                waits, the newest version goes when it is over. A freeze is a cost, so make it short and
                narrow. To stop one rollout, hold it instead.
              </Empty>
            )}
          </Panel>
          {past.length > 0 && <PastFreezes freezes={past} now={now} />}
        </>
      )}
      {search.new && <DeclareFreeze onClose={close} />}
      <LiftFreeze freeze={lifted} onClose={close} />
    </Page>
  );
}
