import { Tabs } from "@mantine/core";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { Page } from "~/ui/Page";
import type { AuditSearch } from "./audit";
import { Effects } from "./Effects";
import { Facts } from "./Facts";
import { Verify } from "./Verify";

/** Every fact in order with its proof, and what the factory did to the outside. */
export function AuditPage() {
  const search = useSearch({ from: "/inside/audit" });
  const navigate = useNavigate({ from: "/audit" });
  const show = (change: AuditSearch) => {
    void navigate({ search: (s: AuditSearch) => ({ ...s, ...change }), replace: true });
  };
  const view = search.view === "effects" ? "effects" : "facts";
  return (
    <Page
      title="Audit"
      lead="Every fact in order, who, when and why, each with the hash of the one before, so that nothing can be changed unseen."
    >
      <Verify now={search.verify === "now"} />
      <Tabs
        value={view}
        keepMounted={false}
        onChange={(v) => void navigate({ search: v === "effects" ? { view: v } : {} })}
      >
        <Tabs.List mb="md">
          <Tabs.Tab value="facts">Facts</Tabs.Tab>
          <Tabs.Tab value="effects">Effects</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="facts">
          <Facts search={search} show={show} />
        </Tabs.Panel>
        <Tabs.Panel value="effects">
          <Effects search={search} show={show} />
        </Tabs.Panel>
      </Tabs>
    </Page>
  );
}
