import { Button, Modal } from "@mantine/core";
import { IconKey, IconPlus } from "@tabler/icons-react";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useState } from "react";
import { ask, type Schemas, send } from "~/api/ask";
import { useNow } from "~/lib/now";
import { millis } from "~/lib/time";
import { useCrumbs } from "~/shell/crumbs";
import { Ago } from "~/ui/Ago";
import { type Column, DataTable } from "~/ui/DataTable";
import { Empty } from "~/ui/Empty";
import { Page } from "~/ui/Page";
import { Panel } from "~/ui/Panel";
import { Problem } from "~/ui/Problem";
import { Status } from "~/ui/Status";
import { say } from "~/ui/say";
import classes from "./Ask.module.css";
import { TokenDialog } from "./TokenDialog";

type Token = Schemas["Token"];

const crumbs = [{ title: "Your API tokens", href: "/tokens" }];

/** The tokens with which one's programs act: git, the registry, the command line. */
export function TokensPage() {
  const search = useSearch({ from: "/inside/tokens" });
  const navigate = useNavigate({ from: "/tokens" });
  const tokens = useQuery(ask("/api/v1/tokens", { kinds: ["token"] }));
  const now = useNow();
  const [revoked, setRevoked] = useState<Token>();
  useCrumbs(crumbs);
  const show = (change: { new?: string }) =>
    void navigate({ search: change, replace: true, resetScroll: false });
  const columns: readonly Column<Token>[] = [
    {
      id: "name",
      header: "What it is for",
      cell: (t) => <b style={{ fontWeight: 560 }}>{t.name}</b>,
      sort: (t) => t.name,
      width: "minmax(120px, 2fr)",
      small: "minmax(0, 1.4fr)",
    },
    {
      id: "scopes",
      header: "May do",
      cell: (t) => t.scopes.join(", "),
      width: "minmax(0, 1.4fr)",
      small: "minmax(0, 1fr)",
    },
    {
      id: "state",
      header: "State",
      cell: (t) =>
        millis(t.expires) > now ? (
          <Status state="done" label="works" />
        ) : (
          <Status state="held" label="expired" />
        ),
      width: "100px",
      wide: true,
    },
    {
      id: "made",
      header: "Made",
      align: "right",
      cell: (t) => <Ago at={t.created} />,
      width: "92px",
      wide: true,
    },
    {
      id: "used",
      header: "Last used",
      align: "right",
      cell: (t) => <Ago at={t.used} never="never" />,
      width: "92px",
      wide: true,
    },
    {
      id: "expires",
      header: "Expires",
      align: "right",
      cell: (t) => <Ago at={t.expires} />,
      width: "92px",
      wide: true,
    },
    {
      id: "act",
      header: "Revoke",
      align: "right",
      width: "84px",
      small: "70px",
      cell: (t) => (
        <Button
          size="compact-xs"
          variant="subtle"
          color="gray"
          aria-label={`Revoke ${t.name}`}
          onClick={() => setRevoked(t)}
        >
          Revoke
        </Button>
      ),
    },
  ];
  return (
    <Page
      title="Your API tokens"
      lead="With a token a program acts for you: git, the registry, the command line. It expires, it never may more than you, and it ends when you revoke it."
      actions={
        <Button leftSection={<IconPlus size={16} aria-hidden />} onClick={() => show({ new: "token" })}>
          Make a token
        </Button>
      }
    >
      <Panel title="Tokens" note={tokens.data?.items.length} flush>
        <DataTable
          label="Your API tokens"
          columns={columns}
          rows={tokens.data?.items}
          rowId={(t) => t.id}
          pending={tokens.isPending}
          error={tokens.error}
          retry={() => void tokens.refetch()}
          empty={
            <Empty
              icon={IconKey}
              title="No token yet"
              start={{ label: "Make a token", onClick: () => show({ new: "token" }) }}
              small
            >
              git asks for one as its password, the command line keeps one after factory login.
            </Empty>
          }
        />
      </Panel>
      {search.new && <TokenDialog onClose={() => show({})} />}
      {revoked && <Revoke token={revoked} onClose={() => setRevoked(undefined)} />}
    </Page>
  );
}

function Revoke({ token: t, onClose }: { token: Token; onClose: () => void }) {
  const queries = useQueryClient();
  const [error, setError] = useState<unknown>();
  const [busy, setBusy] = useState(false);
  const revoke = async () => {
    setBusy(true);
    try {
      await send("delete", "/api/v1/tokens/{id}", { id: t.id });
      await queries.invalidateQueries({ predicate: (q) => q.queryKey.includes("/api/v1/tokens") });
      void say(`The token ${t.name} works no longer.`);
      onClose();
    } catch (thrown) {
      setError(thrown);
      setBusy(false);
    }
  };
  return (
    <Modal opened onClose={onClose} title={`Revoke ${t.name}?`} closeButtonProps={{ "aria-label": "Close" }}>
      <div className={classes.form}>
        <span>What uses it is refused from now on. That cannot be taken back; a new token can be made.</span>
        {error !== undefined && <Problem error={error} look="line" />}
        <div className={classes.foot}>
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button color="red" loading={busy} onClick={() => void revoke()} data-autofocus>
            Revoke it
          </Button>
        </div>
      </div>
    </Modal>
  );
}
