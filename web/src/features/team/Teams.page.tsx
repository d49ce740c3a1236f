import { IconUsers } from "@tabler/icons-react";
import { Empty } from "~/ui/Empty";
import { Page } from "~/ui/Page";

/** Who builds what: boards, members and components. */
export function TeamsPage() {
  return (
    <Page title="Teams" lead="Who builds what: boards, members and components.">
      <Empty icon={IconUsers} title="No teams yet" start={{ command: "factory team create engine" }}>
        A team has a board with limits on work in progress, members, and the components that it owns. It
        starts with one command, without a ticket:
      </Empty>
    </Page>
  );
}
