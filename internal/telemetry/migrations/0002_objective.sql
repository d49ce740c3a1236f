create table telemetry_objective (
	component text primary key,
	artifact text not null,
	availability double precision not null
);
