import { Burger, useComputedColorScheme, useMantineColorScheme } from "@mantine/core";
import { useDisclosure, useLocalStorage } from "@mantine/hooks";
import { Outlet, useNavigate, useRouterState } from "@tanstack/react-router";
import { lazy, Suspense, useCallback, useEffect, useMemo, useState } from "react";
import { useLiveFeed } from "~/api/live";
import type { Me } from "~/api/session";
import { styled } from "~/sheet";
import { areas } from "./areas";
import { Crumbs } from "./Crumbs";
import { type Crumb, CrumbContext } from "./crumbs";
import { useHeard } from "./heard";
import { type Bindings, useKeys } from "./keys";
import { Rail } from "./Rail";
import classes from "./Shell.module.css";
import { Tools } from "./Tools";

const Palette = lazy(styled(() => import("./Palette").then((m) => ({ default: m.Palette }))));
const Shortcuts = lazy(styled(() => import("./Shortcuts").then((m) => ({ default: m.Shortcuts }))));

const none: Bindings = {};

/** What surrounds every page: the top bar, the rail, the palette and the shortcuts. */
export function Shell({ me }: { me: Me }) {
  useLiveFeed();
  const [menu, { toggle, close }] = useDisclosure(false);
  const [narrow, setNarrow] = useLocalStorage({ key: "factory-rail-narrow", defaultValue: false });
  const [heard, tell] = useHeard();
  const [help, setHelp] = useState(false);
  const [crumbs, setCrumbs] = useState<readonly Crumb[]>([]);
  const navigate = useNavigate();
  const path = useRouterState({ select: (s) => s.location.pathname });
  const { setColorScheme } = useMantineColorScheme();
  const scheme = useComputedColorScheme("light", { getInitialValueInEffect: false });

  // biome-ignore lint/correctness/useExhaustiveDependencies: the menu closes whenever the path changes
  useEffect(close, [path]);

  const toggleScheme = useMemo(
    () => () => setColorScheme(scheme === "dark" ? "light" : "dark"),
    [scheme, setColorScheme],
  );
  const showHelp = useCallback(() => setHelp(true), []);
  const bindings = useMemo(
    () => ({
      ...Object.fromEntries(areas.map((a) => [`g ${a.key}`, () => void navigate({ to: a.to })])),
      "?": showHelp,
      "/": tell.open,
      "[": () => setNarrow((n) => !n),
      "t t": toggleScheme,
    }),
    [navigate, showHelp, tell, setNarrow, toggleScheme],
  );
  useKeys(heard.opened ? none : bindings); // what is typed is the palette's, also before it is there

  return (
    <CrumbContext value={setCrumbs}>
      <div className={classes.shell} data-narrow={narrow || undefined}>
        <header className={classes.bar}>
          <a href="#content" className={classes.skip}>
            Skip to the content
          </a>
          <Burger
            className={classes.burger}
            size="sm"
            opened={menu}
            onClick={toggle}
            aria-label={menu ? "Close the menu" : "Open the menu"}
          />
          <Crumbs crumbs={crumbs} />
          <Tools me={me} scheme={scheme} onScheme={toggleScheme} onPalette={tell.open} onHelp={showHelp} />
        </header>
        <div className={classes.rail} data-open={menu || undefined}>
          <Rail roles={me.roles} narrow={narrow && !menu} onNarrow={() => setNarrow(!narrow)} />
        </div>
        <main id="content" tabIndex={-1} className={classes.main}>
          <Outlet />
        </main>
      </div>
      <Suspense fallback={null}>
        {heard.wanted && <Palette heard={heard} tell={tell} onScheme={toggleScheme} onHelp={showHelp} />}
        {help && <Shortcuts onClose={() => setHelp(false)} />}
      </Suspense>
    </CrumbContext>
  );
}
