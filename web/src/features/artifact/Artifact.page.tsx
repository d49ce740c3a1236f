export function ArtifactPage() {
  return null;
}
