import type { Schemas } from "~/api/ask";

export type Artifact = Schemas["ArtifactDetail"];
