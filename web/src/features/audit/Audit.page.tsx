import { useNavigate, useSearch } from "@tanstack/react-router";
import { Views } from "~/object/Views";
import { Page } from "~/ui/Page";
import type { AuditSearch } from "./audit";
import { Effects } from "./Effects";
import { Facts } from "./Facts";
import { Verify } from "./Verify";

const views = [
  { id: "facts", name: "Facts" },
  { id: "effects", name: "Effects" },
];

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
      <Views label="Views of the audit" views={views} here={view} first="facts" />
      {view === "facts" ? <Facts search={search} show={show} /> : <Effects search={search} show={show} />}
    </Page>
  );
}
