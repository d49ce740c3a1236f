create index artifact_artifact_published on artifact_artifact (published, digest);
