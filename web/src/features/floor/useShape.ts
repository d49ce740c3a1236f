import { type RefObject, useLayoutEffect, useState } from "react";

export interface Spot {
  x: number;
  y: number;
}

/** Where the stations stand in the picture, in pixels from its corner. */
export interface Shape {
  width: number;
  height: number;
  /** the centre of each element with data-node, in order */
  nodes: readonly Spot[];
  /** the centre of the element with data-back */
  back: Spot | undefined;
  /** stations stand side by side, or below each other where it is narrow */
  way: "across" | "down";
}

/** Measures the picture now and whenever its size changes, so that the drawing behind the words follows them. */
export function useShape(box: RefObject<HTMLElement | null>): Shape | undefined {
  const [shape, setShape] = useState<Shape>();
  useLayoutEffect(() => {
    const el = box.current;
    if (!el) return;
    const measure = () => {
      const corner = el.getBoundingClientRect();
      const spot = (e: Element): Spot => {
        const r = e.getBoundingClientRect();
        return { x: r.left - corner.left + r.width / 2, y: r.top - corner.top + r.height / 2 };
      };
      const nodes = [...el.querySelectorAll("[data-node]")].map(spot);
      const back = el.querySelector("[data-back]");
      const [a, b] = nodes;
      setShape({
        width: corner.width,
        height: corner.height,
        nodes,
        back: back ? spot(back) : undefined,
        way: a && b && Math.abs(b.y - a.y) > Math.abs(b.x - a.x) ? "down" : "across",
      });
    };
    measure();
    const watch = new ResizeObserver(measure);
    watch.observe(el);
    void document.fonts.ready.then(measure);
    return () => watch.disconnect();
  }, [box]);
  return shape;
}
