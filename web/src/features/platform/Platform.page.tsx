import { IconStack2 } from "@tabler/icons-react";
import { Empty } from "~/ui/Empty";
import { Page } from "~/ui/Page";

/** Every component from its template: repository, pipeline, environments, dashboard, alerts and access. */
export function PlatformPage() {
  return (
    <Page
      title="Platform"
      lead="Every component from its template: repository, pipeline, environments, dashboard, alerts and access."
    >
      <Empty
        icon={IconStack2}
        title="No components yet"
        start={{ command: "factory component create engine-controller --team engine --template go-service" }}
      >
        One command gives a team a component whose service is built, tested and live in production through the
        same gates as any later change:
      </Empty>
    </Page>
  );
}
