import { Link } from "@tanstack/react-router";
import { useEffect, useRef } from "react";
import classes from "./Views.module.css";

export interface View {
  id: string;
  name: string;
  count?: number | undefined;
  /** the tab under which it is found, with those that follow it and say the same; without one it is a tab itself */
  group?: string;
}

interface Props {
  label: string;
  views: readonly View[];
  here: string;
  /** the view that an address without one shows */
  first: string;
}

// The router marks the link of the whole address; which view is shown is known better here.
const exactly = { exact: true, includeSearch: true } as const;

/** The tabs: a view, or the views of a group. */
function tabsOf(views: readonly View[]): { name: string; views: readonly View[] }[] {
  const tabs: { name: string; views: View[] }[] = [];
  for (const v of views) {
    const last = tabs.at(-1);
    if (v.group && last?.name === v.group) last.views.push(v);
    else tabs.push({ name: v.group ?? v.name, views: [v] });
  }
  return tabs;
}

/** The views of a page side by side, where there are many under a tab for those that belong together; which one is shown stands in the address. */
export function Views({ label, views, here, first }: Props) {
  const bar = useRef<HTMLDivElement>(null);
  const tabs = tabsOf(views);
  const within = tabs.find((t) => t.views.length > 1 && t.views.some((v) => v.id === here));
  // biome-ignore lint/correctness/useExhaustiveDependencies: another view may stand beyond the edge of a narrow screen
  useEffect(() => {
    const at = bar.current?.querySelector<HTMLElement>("[aria-current]");
    if (!bar.current || !at) return;
    const { left, right } = at.getBoundingClientRect();
    const edge = bar.current.getBoundingClientRect();
    if (left < edge.left) bar.current.scrollLeft -= edge.left - left;
    else if (right > edge.right) bar.current.scrollLeft += right - edge.right;
  }, [here]);
  return (
    <nav aria-label={label}>
      <div ref={bar} className={classes.views}>
        {tabs.map((t) => {
          const [v] = t.views;
          if (!v) return null;
          const many = t.views.length > 1;
          const inside = t.views.some((o) => o.id === here);
          return (
            <Link
              key={t.name}
              to="."
              search={v.id === first ? {} : { view: v.id }}
              className={classes.view}
              activeOptions={exactly}
              aria-current={inside ? (many ? "true" : "page") : undefined}
              replace
              resetScroll={false}
            >
              {t.name}
              {v.count !== undefined && !many && <span className={`num ${classes.count}`}>{v.count}</span>}
            </Link>
          );
        })}
      </div>
      {within && (
        <ul aria-label={within.name} className={classes.within}>
          {within.views.map((v) => (
            <li key={v.id}>
              <Link
                to="."
                search={v.id === first ? {} : { view: v.id }}
                className={classes.one}
                activeOptions={exactly}
                aria-current={v.id === here ? "page" : undefined}
                replace
                resetScroll={false}
              >
                {v.name}
              </Link>
            </li>
          ))}
        </ul>
      )}
    </nav>
  );
}
