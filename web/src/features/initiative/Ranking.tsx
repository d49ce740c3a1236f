import { Button, Table } from "@mantine/core";
import type { UseQueryResult } from "@tanstack/react-query";
import type { Schemas } from "~/api/ask";
import { format } from "~/lib/number";
import { InLink } from "~/ui/InLink";
import { Panel } from "~/ui/Panel";
import { Problem } from "~/ui/Problem";
import { RowsSkeleton } from "~/ui/Skeletons";
import classes from "./Initiative.module.css";
import { competitors, type Detail } from "./initiative";

interface Props {
  initiative: Detail;
  board: UseQueryResult<Schemas["Portfolio"]>;
  onScore: () => void;
}

/** Weighted shortest job first: this initiative beside those it competes with. */
export function Ranking({ initiative: i, board, onScore }: Props) {
  const w = i.wsjf;
  if (!w) {
    return (
      <Panel
        title="Rank"
        actions={
          i.state !== "done" && (
            <Button size="compact-sm" variant="subtle" onClick={onScore}>
              Score it
            </Button>
          )
        }
      >
        <p className={classes.note}>It has no scores yet, so it has no rank among the others.</p>
      </Panel>
    );
  }
  return (
    <Panel
      title="Rank"
      note={`${w.rank > 0 ? `${w.rank} of ${w.of}` : "done"} in ${w.set}, scored by ${w.by}`}
      flush
    >
      {board.data ? (
        <Table.ScrollContainer minWidth={300}>
          <Table className={`num ${classes.ranking}`} verticalSpacing={8} horizontalSpacing="md">
            <Table.Thead>
              <Table.Tr>
                <Table.Th>Initiative</Table.Th>
                {["Value", "Time", "Risk", "Cost of delay", "Job size", "WSJF"].map((h, at) => (
                  <Table.Th key={h} ta="right" className={at < 3 ? classes.part : undefined}>
                    {h}
                  </Table.Th>
                ))}
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {competitors(i, board.data.initiatives).map((c) => (
                <Table.Tr key={c.id} className={classes.rank} data-here={c.here || undefined}>
                  <Table.Td>
                    {c.wsjf.rank > 0 && <span className={classes.quiet}>{c.wsjf.rank} </span>}
                    {c.here ? (
                      <b aria-current="true">{c.title}</b>
                    ) : (
                      <InLink href={`/initiatives/${c.id}`} look="quiet">
                        {c.title}
                      </InLink>
                    )}
                  </Table.Td>
                  {[
                    c.wsjf.userBusinessValue,
                    c.wsjf.timeCriticality,
                    c.wsjf.riskReduction,
                    c.wsjf.costOfDelay,
                    c.wsjf.jobSize,
                  ].map((n, at) => (
                    <Table.Td
                      key={`part ${at.toString()}`}
                      ta="right"
                      className={at < 3 ? classes.part : undefined}
                    >
                      {n}
                    </Table.Td>
                  ))}
                  <Table.Td ta="right">
                    <b>{format(c.wsjf.wsjf, "count")}</b>
                  </Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      ) : board.error ? (
        <Problem error={board.error} retry={() => void board.refetch()} />
      ) : (
        <RowsSkeleton rows={3} />
      )}
    </Panel>
  );
}
