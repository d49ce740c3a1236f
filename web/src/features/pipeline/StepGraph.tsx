import { useMediaQuery } from "@mantine/hooks";
import {
  Background,
  BackgroundVariant,
  Handle,
  type Node,
  type NodeProps,
  Position,
  ReactFlow,
} from "@xyflow/react";
import "@xyflow/react/dist/base.css";
import { useMemo } from "react";
import { duration } from "~/lib/time";
import { runState } from "~/object/states";
import { StatusIcon } from "~/ui/Status";
import { direct, layout, type RunStep, took } from "./run";
import classes from "./StepGraph.module.css";

interface Props {
  steps: readonly RunStep[];
  chosen: string | undefined;
  now: number;
  onChoose: (step: string) => void;
}

interface Data extends Record<string, unknown> {
  step: RunStep;
  chosen: boolean;
  now: number;
  onChoose: (step: string) => void;
  narrow: boolean;
}

const width = 150;
const height = 62;
const gap = { x: 38, y: 14 };
const below = 30; // px between steps that stand below each other
const kinds = { step: StepNode };

/** The steps from left to right, on a small screen from top to bottom, each behind what it needs, with its state and time. */
export function StepGraph({ steps, chosen, now, onChoose }: Props) {
  const narrow = useMediaQuery("(max-width: 760px)", false, { getInitialValueInEffect: false });
  const places = useMemo(() => layout(steps), [steps]);
  const rows = Math.max(1, ...places.map((p) => p.row + 1));
  const columns = Math.max(1, ...places.map((p) => p.column + 1));
  const nodes: Node<Data>[] = places.map((p) => {
    const alone = places.filter((o) => o.column === p.column).length;
    const top = ((rows - alone) * (height + gap.y)) / 2; // each column stands in the middle
    const left = ((rows - alone) * (width + gap.y)) / 2;
    return {
      id: p.step.name,
      type: "step",
      position: narrow
        ? { x: left + p.row * (width + gap.y), y: p.column * (height + below) }
        : { x: p.column * (width + gap.x), y: top + p.row * (height + gap.y) },
      data: { step: p.step, chosen: p.step.name === chosen, now, onChoose, narrow },
      width,
      height,
    };
  });
  const edges = steps.flatMap((s) =>
    direct(s, steps).map((n) => ({
      id: `${n} ${s.name}`,
      source: n,
      target: s.name,
      animated: s.state === "running",
      focusable: false,
    })),
  );
  const inner = narrow ? columns * (height + below) - below : rows * (height + gap.y) - gap.y;
  const wide = narrow ? rows * (width + gap.y) - gap.y : columns * (width + gap.x) - gap.x;
  return (
    <div className={classes.scroll}>
      <div style={{ height: inner + 40, minWidth: wide + 24 }}>
        <ReactFlow
          key={narrow ? "down" : "right"}
          nodes={nodes}
          edges={edges}
          nodeTypes={kinds}
          defaultViewport={{ x: 8, y: 20, zoom: 1 }}
          nodesDraggable={false}
          nodesConnectable={false}
          nodesFocusable={false}
          edgesFocusable={false}
          elementsSelectable={false}
          panOnDrag={false}
          panOnScroll={false}
          zoomOnScroll={false}
          zoomOnPinch={false}
          zoomOnDoubleClick={false}
          preventScrolling={false}
          proOptions={{ hideAttribution: true }}
          className={classes.flow ?? ""}
        >
          <Background variant={BackgroundVariant.Dots} gap={16} size={1} color="var(--f-line)" />
        </ReactFlow>
      </div>
    </div>
  );
}

function StepNode({ data }: NodeProps<Node<Data>>) {
  const { step, chosen, now, onChoose, narrow } = data;
  const { state, label } = runState(step.state);
  const seconds = took(step, now);
  return (
    <>
      <Handle
        type="target"
        position={narrow ? Position.Top : Position.Left}
        className={classes.handle ?? ""}
      />
      <button
        type="button"
        className={`nopan ${classes.node}`}
        data-state={state}
        data-chosen={chosen || undefined}
        aria-pressed={chosen}
        onClick={() => onChoose(step.name)}
      >
        <StatusIcon state={state} size={18} />
        <span className={classes.words}>
          <span className={classes.name} title={step.name}>
            {step.name}
          </span>
          <span className={`num ${classes.more}`}>
            {step.cached ? "cached" : label}
            {seconds !== null && ` · ${duration(seconds)}`}
          </span>
        </span>
        {step.platform && <span className={classes.platform}>platform</span>}
      </button>
      <Handle
        type="source"
        position={narrow ? Position.Bottom : Position.Right}
        className={classes.handle ?? ""}
      />
    </>
  );
}
