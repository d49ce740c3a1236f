-- What was set last for a component in an environment; zero leaves what the
-- version says. The journal has what was set before.
create table platform_scale (
	component text not null,
	environment text not null,
	replicas bigint not null,
	milli_cpu bigint not null,
	memory bigint not null,
	version bigint not null,
	by_name text not null,
	changed bigint not null,
	primary key (component, environment)
);
