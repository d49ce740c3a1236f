import { Button } from "@mantine/core";
import { IconFileImport, IconUsersGroup } from "@tabler/icons-react";
import { keepPreviousData, useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import { useCannot } from "~/api/me";
import { format } from "~/lib/number";
import { useCrumbs } from "~/shell/crumbs";
import { Empty } from "~/ui/Empty";
import { Page } from "~/ui/Page";
import { Panel } from "~/ui/Panel";
import { Problem } from "~/ui/Problem";
import { CohortPanel } from "./CohortPanel";
import { ConditionField } from "./ConditionField";
import { ForgetUnits } from "./ForgetUnits";
import { ImportUnits } from "./ImportUnits";
import classes from "./Units.module.css";
import { UnitsTable } from "./UnitsTable";
import {
  attributesOf,
  type Cohort,
  cohortQuery,
  conditionFault,
  sampleQuery,
  takeOf,
  unitsQuery,
} from "./unit";

/** What is known of customers or devices, and which of them a stage of a rollout would find. */
export function UnitsPage() {
  const search = useSearch({ from: "/inside/units" });
  const navigate = useNavigate({ from: "/units" });
  useCrumbs(useMemo(() => [{ title: "Units", href: "/units" }], []));
  const no = useCannot("ingest");
  const [forgotten, setForgotten] = useState<string>();
  const wish = { where: (search.where ?? "").trim(), rank: search.rank ?? "", take: takeOf(search.take) };
  const sample = useQuery(sampleQuery);
  const cohort = useQuery({ ...cohortQuery(wish), placeholderData: keepPreviousData });
  const fault = cohort.error ? conditionFault(cohort.error, wish.where) : undefined;
  // The list follows the last condition that could be read, so that nothing goes away while one is being written.
  const [good, setGood] = useState("");
  const current = cohort.data !== undefined && !cohort.isPlaceholderData && !cohort.error;
  if (current && good !== wish.where) setGood(wish.where);
  const units = useInfiniteQuery({ ...unitsQuery(good), placeholderData: keepPreviousData });
  const known = useMemo(() => attributesOf(sample.data?.items ?? []), [sample.data]);
  const none = sample.data?.items.length === 0;

  const set = (change: Record<string, string | undefined>) =>
    void navigate({
      search: (s) => {
        const next: Record<string, string | undefined> = { ...s, ...change };
        return Object.fromEntries(Object.entries(next).filter(([, v]) => v));
      },
      replace: true,
      resetScroll: false,
    });

  return (
    <Page
      title="Units"
      lead="The customers or devices that versions are given to, and what is known of them. A stage of a rollout can be for some of them."
      actions={
        <>
          {!none && !no && (
            <Button variant="default" onClick={() => setForgotten("")}>
              Forget units
            </Button>
          )}
          <Button
            variant={none || no ? "default" : "filled"}
            leftSection={<IconFileImport size={16} stroke={1.8} aria-hidden />}
            onClick={() => set({ import: "1" })}
          >
            Import units
          </Button>
        </>
      }
    >
      {sample.error && !sample.data ? (
        <Problem error={sample.error} retry={() => void sample.refetch()} />
      ) : none ? (
        <Empty
          icon={IconUsersGroup}
          title="Nothing is known of any unit yet"
          start={{ label: "Import units from a file", onClick: () => set({ import: "1" }) }}
        >
          A unit is a customer or a device, named by your services in <code>X-Unit-Id</code>. Record what
          tells them apart, such as a country or a safety score, and a rollout can begin with some of them:
          the thousand with the best score, then a twentieth of everybody, then all.
        </Empty>
      ) : (
        <>
          <Panel>
            <ConditionField
              value={search.where ?? ""}
              onValue={(where) => set({ where })}
              known={known}
              fault={fault}
              looking={cohort.isFetching}
            />
          </Panel>
          <div className={classes.columns}>
            <div className={classes.main}>
              <Panel
                title="What is known"
                note={fault ? "as it was before" : noteOf(cohort.data, good)}
                flush
              >
                <UnitsTable query={units} known={known} {...(no ? {} : { onForget: setForgotten })} />
              </Panel>
            </div>
            <div className={classes.side}>
              <CohortPanel
                wish={wish}
                takeText={search.take ?? ""}
                known={known}
                cohort={cohort.data}
                old={!current}
                error={cohort.error}
                faulty={fault !== undefined}
                onChange={set}
              />
            </div>
          </div>
        </>
      )}
      {search.import && <ImportUnits onClose={() => set({ import: undefined })} />}
      {forgotten !== undefined && <ForgetUnits id={forgotten} onClose={() => setForgotten(undefined)} />}
    </Page>
  );
}

function noteOf(c: Cohort | undefined, where: string): string | undefined {
  if (!c) return undefined;
  return where ? `of ${format(c.known, "count")} units` : `${format(c.known, "count")} units`;
}
