create table artifact_artifact (
	digest text primary key,
	repository text not null,
	component text not null,
	team text not null,
	version text not null,
	commit_sha text not null,
	run text not null,
	size bigint not null,
	sbom text not null,
	provenance text not null,
	published bigint not null,
	unique (repository, version)
);
create index artifact_artifact_component on artifact_artifact (component, published, digest);
