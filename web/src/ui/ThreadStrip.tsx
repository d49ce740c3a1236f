import { Tooltip } from "@mantine/core";
import { useEffect, useRef } from "react";
import { InLink } from "./InLink";
import { StatusIcon } from "./Status";
import { stateWord } from "./state";
import classes from "./ThreadStrip.module.css";
import { type Link, type Place, places, type Station } from "./thread";

interface Props {
  links: readonly Link[];
  /** the station of the object looked at; null for what stands beside the path (an incident, a component) */
  here: Station | null;
  /** page of the whole thread, for stations with several objects */
  href?: string;
  /** why a station has nothing and what would close the gap */
  gaps?: Partial<Record<Station, { why: string; close: string }>>;
}

/** From the vision to the effect: where this object hangs, with the missing links shown as gaps. */
export function ThreadStrip({ links, here, href, gaps }: Props) {
  const lit = useRef<HTMLLIElement>(null);
  useEffect(() => {
    const row = lit.current?.parentElement;
    if (row && lit.current)
      row.scrollLeft = lit.current.offsetLeft - row.clientWidth / 2 + lit.current.clientWidth / 2;
  }, []);
  return (
    <nav aria-label="Thread" className={classes.strip}>
      <ol className={classes.row}>
        {places(links, here).map((place) => (
          <li
            key={place.station}
            ref={place.here ? lit : undefined}
            className={classes.place}
            data-here={place.here || undefined}
            data-gap={place.gap || undefined}
            data-ahead={(place.links.length === 0 && !place.gap) || undefined}
          >
            <span className={classes.head}>
              <span className={classes.station}>{place.station}</span>
              <More place={place} href={href} />
            </span>
            <Body place={place} why={gaps?.[place.station]} />
          </li>
        ))}
      </ol>
    </nav>
  );
}

/** How many objects more a station has than the one that is shown. */
function More({ place, href }: { place: Place; href: string | undefined }) {
  const more = place.links.length - 1;
  if (more < 1) return null;
  if (!href) return <span className={`num ${classes.more}`}>+{more}</span>;
  return (
    <InLink
      href={href}
      look="quiet"
      className={`num ${classes.more}`}
      aria-label={`${more} more of ${place.station}`}
    >
      +{more}
    </InLink>
  );
}

function Body({ place, why }: { place: Place; why: { why: string; close: string } | undefined }) {
  const first = place.links[0];
  if (!first) {
    const none = <span className={classes.none}>{place.gap ? "missing" : "not yet"}</span>;
    if (!why) return none;
    return (
      <Tooltip
        multiline
        maw={320}
        label={
          <>
            {sentence(why.why)}
            <br />
            Next: {why.close}
          </>
        }
      >
        {none}
      </Tooltip>
    );
  }
  return (
    <span className={classes.body}>
      {first.state && (
        <>
          <span className={classes.mark}>
            <StatusIcon state={first.state} size={14} />
          </span>
          <span className="hidden-but-read">{stateWord(first.state)}</span>
        </>
      )}
      <Tooltip label={first.title}>
        <InLink
          href={first.href}
          look="quiet"
          className={classes.link}
          aria-current={place.here ? "true" : undefined}
        >
          {first.title}
        </InLink>
      </Tooltip>
    </span>
  );
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}${/[.!?]$/.test(text) ? "" : "."}`;
}
