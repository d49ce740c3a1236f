import { createContext, useContext, useEffect } from "react";

/** One step of "where am I", from the area down to the object. */
export interface Crumb {
  title: string;
  href: string;
}

/** Set by a page, shown by the top bar behind the area's name. */
export const CrumbContext = createContext<(crumbs: readonly Crumb[]) => void>(() => undefined);

/** Tells the top bar where along the thread this page is. `crumbs` must be stable (useMemo). */
export function useCrumbs(crumbs: readonly Crumb[]): void {
  const set = useContext(CrumbContext);
  useEffect(() => {
    set(crumbs);
    return () => set([]);
  }, [set, crumbs]);
}
