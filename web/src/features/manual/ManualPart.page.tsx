import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useParams, useRouter } from "@tanstack/react-router";
import { type MouseEvent, useEffect, useMemo, useRef } from "react";
import { Outline } from "~/object/Outline";
import { useCrumbs } from "~/shell/crumbs";
import { InLink } from "~/ui/InLink";
import { Page } from "~/ui/Page";
import { Problem } from "~/ui/Problem";
import { Contents } from "./Contents";
import classes from "./Manual.module.css";
import { contentsQuery, docHref, pageQuery } from "./manual";

/** A page of the documentation, with the contents on one side and its sections on the other. */
export function ManualPartPage() {
  const { _splat: path = "" } = useParams({ from: "/inside/docs/$" });
  const router = useRouter();
  const contents = useQuery(contentsQuery);
  const page = useQuery({ ...pageQuery(path), placeholderData: keepPreviousData });
  const p = page.data;
  useCrumbs(
    useMemo(
      () => [
        { title: "Documentation", href: "/docs" },
        ...(p ? [{ title: p.title, href: docHref(p.path) }] : []),
      ],
      [p],
    ),
  );
  const text = useRef<HTMLDivElement>(null);
  const shown = page.isPlaceholderData ? undefined : p?.html;
  const place = router.state.location.hash;
  useEffect(() => {
    // The text comes after the address, so the browser could not find the place by itself.
    if (shown === undefined || !place || !text.current) return;
    // A place is a heading, or the address of a page of ours that the text is about.
    const at = place.startsWith("/")
      ? [...text.current.querySelectorAll("code")].find((c) => c.textContent === place)
      : text.current.querySelector(`#${CSS.escape(place)}`);
    (at?.closest("p")?.previousElementSibling ?? at)?.scrollIntoView();
  }, [shown, place]);
  useEffect(() => {
    // What is wider than the page scrolls by itself, so the keyboard has to reach it.
    const reach = () => {
      for (const wide of text.current?.querySelectorAll<HTMLElement>("pre, table") ?? []) {
        if (shown !== undefined && wide.scrollWidth > wide.clientWidth) wide.tabIndex = 0;
        else wide.removeAttribute("tabindex");
      }
    };
    reach();
    window.addEventListener("resize", reach);
    return () => window.removeEventListener("resize", reach);
  }, [shown]);
  if (page.error) return <Problem error={page.error} look="page" />;

  // Links within the text are to pages of ours, whose addresses only the text knows.
  const follow = (event: MouseEvent<HTMLDivElement>) => {
    const link = event.target instanceof Element ? event.target.closest("a") : null;
    const plain = event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;
    if (!link || !plain || link.origin !== window.location.origin) return;
    if (link.querySelector("img")) return; // a picture in full size is no page
    event.preventDefault();
    router.history.push(link.pathname + link.hash);
  };
  return (
    <Page title={p?.title ?? "Documentation"}>
      <div className={classes.layout}>
        <Contents sections={contents.data?.sections ?? []} here={p?.path ?? path} />
        {p ? (
          <div className={classes.main} aria-busy={page.isPlaceholderData}>
            {/* biome-ignore lint/a11y/useKeyWithClickEvents: Enter on a link within it is a click too */}
            {/* biome-ignore lint/a11y/noStaticElementInteractions: the links within it are what one acts on */}
            <div
              ref={text}
              className={classes.text}
              onClick={follow}
              // biome-ignore lint/security/noDangerouslySetInnerHtml: our own pages, rendered by the factory without the HTML that they hold
              dangerouslySetInnerHTML={{ __html: p.html }}
            />
            <nav aria-label="Before and after" className={classes.turn}>
              {p.previous && (
                <InLink href={docHref(p.previous.path)} look="bare">
                  <small>Before</small>
                  {p.previous.title}
                </InLink>
              )}
              {p.next && (
                <InLink href={docHref(p.next.path)} look="bare" className={classes.onward ?? ""}>
                  <small>After</small>
                  {p.next.title}
                </InLink>
              )}
            </nav>
          </div>
        ) : (
          <Outline main={[480]} thread={false} />
        )}
        {p && p.headings.length > 1 && (
          <nav aria-label="On this page" className={classes.places}>
            <span>On this page</span>
            <ul>
              {p.headings
                .filter((h) => h.level <= 3)
                .map((h) => (
                  <li key={h.id} data-level={h.level}>
                    <InLink href={docHref(p.path, h.id)} look="bare">
                      {h.title}
                    </InLink>
                  </li>
                ))}
            </ul>
          </nav>
        )}
      </div>
    </Page>
  );
}
