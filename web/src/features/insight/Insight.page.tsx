import { IconChartDots3 } from "@tabler/icons-react";
import { Empty } from "~/ui/Empty";
import { Page } from "~/ui/Page";

/** What the facts add up to: delivery, flow and outcomes, each number with its events. */
export function InsightPage() {
  return (
    <Page
      title="Insight"
      lead="What the facts add up to: delivery, flow and outcomes, each number with its events."
    >
      <Empty icon={IconChartDots3} title="Too few facts yet" start={{ command: "factory journal tail" }}>
        Lead time, deployment frequency, failures and recovery are computed from the journal once changes
        reach production. Read what it holds:
      </Empty>
    </Page>
  );
}
