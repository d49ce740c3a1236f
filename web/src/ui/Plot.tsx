import { useComputedColorScheme } from "@mantine/core";
import { useEffect, useRef } from "react";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import classes from "./Plot.module.css";

/** Colours for a canvas, which cannot read CSS variables itself. */
export type Palette = (name: string) => string;

interface Props {
  /** x in seconds since 1970, then one row of values per series */
  data: uPlot.AlignedData;
  /** options for the scheme's colours; must be stable (useCallback), for a change draws the chart anew */
  options: (color: Palette) => Omit<uPlot.Options, "width" | "height">;
  height: number;
  label: string;
  /** where things are, after each change of size or scale; must be stable */
  onLayout?: ((plot: uPlot) => void) | undefined;
}

/** uPlot in React: follows the width, the scheme and the data. */
export function Plot({ data, options, height, label, onLayout }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>(null);
  const latest = useRef(data);
  const scheme = useComputedColorScheme("light", { getInitialValueInEffect: false });

  useEffect(() => {
    const el = box.current;
    if (!el) return;
    el.dataset.scheme = scheme;
    const style = getComputedStyle(el);
    const color: Palette = (name) => style.getPropertyValue(`--f-${name}`).trim();
    const tell = onLayout ? [(u: uPlot) => onLayout(u)] : [];
    const opts = options(color);
    const hooks = { ...opts.hooks, setSize: tell, setScale: tell, ready: tell };
    const u = new uPlot({ ...opts, hooks, width: Math.max(el.clientWidth, 100), height }, latest.current, el);
    plot.current = u;
    let gone = false;
    void document.fonts.ready.then(() => {
      if (!gone) u.redraw(false); // the axes were written before the font was there
    });
    const watch = new ResizeObserver(() => {
      const width = Math.max(el.clientWidth, 100);
      if (width !== u.width) u.setSize({ width, height });
    });
    watch.observe(el);
    return () => {
      gone = true;
      watch.disconnect();
      u.destroy();
      plot.current = null;
    };
  }, [options, height, scheme, onLayout]);

  useEffect(() => {
    latest.current = data;
    plot.current?.setData(data);
  }, [data]);

  return (
    <div ref={box} className={classes.plot} style={{ minHeight: height }} role="img" aria-label={label} />
  );
}

const font = '11px "Inter Variable", system-ui, sans-serif';

/** An axis in the house's style. */
export function axis(color: Palette, rest: uPlot.Axis = {}): uPlot.Axis {
  return {
    stroke: color("quiet"),
    font,
    grid: { stroke: color("line"), width: 1 },
    ticks: { show: false },
    gap: 6,
    ...rest,
  };
}

/** The time axis: hours and minutes, with the day where it changes. */
export function timeAxis(color: Palette): uPlot.Axis {
  return axis(color, {
    grid: { show: false },
    size: 32,
    space: 64,
    values: (_, splits, _axis, _space, step) => {
      let day = "";
      return splits.map((s) => {
        const at = new Date(s * 1000);
        const today = at.toLocaleDateString("en-GB", { day: "numeric", month: "short" });
        if (step >= 86_400) return today;
        const clock = at.toLocaleTimeString("en-GB", {
          hour: "2-digit",
          minute: "2-digit",
          ...(step < 60 ? { second: "2-digit" } : {}),
          ...(step < 1 ? { fractionalSecondDigits: step < 0.1 ? 2 : 1 } : {}),
        });
        const first = day !== "" && day !== today;
        day = today;
        return first ? `${clock}\n${today}` : clock;
      });
    },
  });
}
