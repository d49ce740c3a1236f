import { ActionIcon, Menu, Switch } from "@mantine/core";
import { IconArchive, IconDots, IconFlagOff, IconPencil } from "@tabler/icons-react";
import { type ReactNode, useState } from "react";
import { Ago } from "~/ui/Ago";
import { type Column, DataTable } from "~/ui/DataTable";
import { InLink } from "~/ui/InLink";
import { ArchiveFlag } from "./ArchiveFlag";
import { EditFlag } from "./EditFlag";
import classes from "./Flag.module.css";
import { brief, type Environment, type Flag, forWhom, settingOf } from "./flag";
import { KillFlag } from "./KillFlag";
import { SetFlag } from "./SetFlag";

interface Props {
  label: string;
  rows: readonly Flag[] | undefined;
  pending: boolean;
  error: unknown;
  retry: () => void;
  empty: ReactNode;
  /** shows whose flags they are */
  withComponent?: boolean;
}

type Doing =
  | { what: "switch"; flag: Flag; environment: Environment }
  | { what: "kill" | "edit" | "archive"; flag: Flag };

/** Flags with a switch for each environment; every switch says what it will do and asks why. */
export function FlagsTable({ withComponent = false, ...rest }: Props) {
  const [doing, setDoing] = useState<Doing>();
  const close = () => setDoing(undefined);
  const environment = (e: Environment, header: string): Column<Flag> => ({
    id: e,
    header,
    width: "minmax(130px, 1fr)",
    sort: (f) => forWhom(settingOf(f, e)),
    cell: (f) => {
      const now = settingOf(f, e);
      return (
        <span className={classes.cell}>
          <Switch
            size="sm"
            checked={now.state !== "off"}
            disabled={f.archived !== undefined}
            aria-label={`${f.key} in ${e}`}
            onChange={() => setDoing({ what: "switch", flag: f, environment: e })}
          />
          <span className={classes.state} title={forWhom(now)}>
            {brief(now)}
          </span>
        </span>
      );
    },
  });
  const columns: readonly Column<Flag>[] = [
    {
      id: "flag",
      header: "Flag",
      width: "minmax(140px, 1.6fr)",
      sort: (f) => f.title,
      cell: (f) => (
        <span className={classes.name} title={f.description || undefined}>
          <b>{f.title}</b>
          <span className={classes.key}>{f.key}</span>
        </span>
      ),
    },
    ...(withComponent
      ? [
          {
            id: "component",
            header: "Component",
            width: "minmax(110px, 1fr)",
            wide: true,
            sort: (f: Flag) => f.component,
            cell: (f: Flag) => (
              <InLink href={`/components/${f.component}?view=flags`} look="quiet">
                {f.component}
              </InLink>
            ),
          },
        ]
      : []),
    { ...environment("staging", "Staging"), wide: true },
    environment("production", "Production"),
    {
      id: "why",
      header: "Last in production",
      width: "minmax(0, 1.6fr)",
      wide: true,
      cell: (f) => {
        const now = settingOf(f, "production");
        return now.changed ? (
          <span className={classes.state} title={now.reason}>
            <Ago at={now.changed} />, {now.changedBy}: {now.reason}
          </span>
        ) : (
          "never switched"
        );
      },
    },
    {
      id: "more",
      header: "More",
      width: "60px",
      align: "right",
      cell: (f) =>
        f.archived ? null : (
          <Menu position="bottom-end" width={200}>
            <Menu.Target>
              <ActionIcon variant="subtle" color="gray" aria-label={`More for ${f.key}`}>
                <IconDots size={17} stroke={1.8} aria-hidden />
              </ActionIcon>
            </Menu.Target>
            <Menu.Dropdown>
              {settingOf(f, "production").state !== "off" && (
                <Menu.Item
                  color="red"
                  leftSection={<IconFlagOff size={16} stroke={1.8} aria-hidden />}
                  onClick={() => setDoing({ what: "kill", flag: f })}
                >
                  Kill the feature
                </Menu.Item>
              )}
              <Menu.Item
                leftSection={<IconPencil size={16} stroke={1.8} aria-hidden />}
                onClick={() => setDoing({ what: "edit", flag: f })}
              >
                Change
              </Menu.Item>
              <Menu.Item
                leftSection={<IconArchive size={16} stroke={1.8} aria-hidden />}
                onClick={() => setDoing({ what: "archive", flag: f })}
              >
                Archive
              </Menu.Item>
            </Menu.Dropdown>
          </Menu>
        ),
    },
  ];
  return (
    <>
      <DataTable columns={columns} rowId={(f) => f.id} {...rest} />
      {doing?.what === "switch" && (
        <SetFlag
          flag={doing.flag}
          environment={doing.environment}
          to={settingOf(doing.flag, doing.environment).state === "off" ? "on" : "off"}
          onClose={close}
        />
      )}
      {doing?.what === "kill" && <KillFlag flags={[doing.flag]} onClose={close} />}
      {doing?.what === "edit" && (
        <EditFlag component={doing.flag.component} flag={doing.flag} onClose={close} />
      )}
      {doing?.what === "archive" && <ArchiveFlag flag={doing.flag} onClose={close} />}
    </>
  );
}
