import { IconMapQuestion } from "@tabler/icons-react";
import { Empty } from "~/ui/Empty";
import { Page } from "~/ui/Page";

/** An address that means nothing. */
export function NotFound() {
  return (
    <Page title="No such page">
      <Empty
        icon={IconMapQuestion}
        title="This address leads nowhere"
        start={{ label: "Go to the floor", href: "/" }}
      >
        The object may have been renamed, or the address was cut off on its way to you. The palette finds
        anything by its name.
      </Empty>
    </Page>
  );
}
