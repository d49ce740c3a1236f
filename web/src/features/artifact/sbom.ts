/** One part that an artifact is made of, as its bill of materials lists it. */
export interface Part {
  ref: string;
  name: string;
  version: string;
  type: string;
  licences: string;
  purl: string;
}

/** A bill of materials (CycloneDX) as far as it is shown. */
export interface Bill {
  spec: string;
  parts: Part[];
}

/** Reads a CycloneDX document; parts that make no sense are left out, the document itself can be downloaded. */
export function readBill(doc: unknown): Bill {
  const d = record(doc);
  const list = Array.isArray(d.components) ? d.components : [];
  const parts = list.flatMap((entry, i): Part[] => {
    const c = record(entry);
    const name = text(c.name);
    if (!name) return [];
    return [
      {
        ref: text(c["bom-ref"]) || `${name} ${i.toString()}`,
        name,
        version: text(c.version),
        type: text(c.type),
        licences: licences(c.licenses),
        purl: text(c.purl),
      },
    ];
  });
  return { spec: `${text(d.bomFormat)} ${text(d.specVersion)}`.trim(), parts };
}

/** The parts whose name, version or licence holds what is looked for. */
export function look(parts: readonly Part[], wanted: string): Part[] {
  const q = wanted.trim().toLowerCase();
  return parts.filter((p) => q === "" || `${p.name} ${p.version} ${p.licences}`.toLowerCase().includes(q));
}

function licences(v: unknown): string {
  if (!Array.isArray(v)) return "";
  return v
    .map((e) => {
      const l = record(record(e).license);
      return text(l.id) || text(l.name) || text(record(e).expression);
    })
    .filter(Boolean)
    .join(", ");
}

function record(v: unknown): Record<string, unknown> {
  return typeof v === "object" && v !== null && !Array.isArray(v) ? (v as Record<string, unknown>) : {};
}

function text(v: unknown): string {
  return typeof v === "string" ? v : "";
}
