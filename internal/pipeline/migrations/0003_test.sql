alter table pipeline_run add column tree text not null default '';
create table pipeline_report (
	run text not null,
	step text not null,
	attempt bigint not null,
	component text not null,
	passed bigint not null,
	failed bigint not null,
	skipped bigint not null,
	micros bigint not null,
	problem text not null,
	ended bigint not null,
	primary key (run, step, attempt)
);
create index pipeline_report_component on pipeline_report (component, ended);
create table pipeline_test (
	run text not null,
	step text not null,
	attempt bigint not null,
	place bigint not null,
	component text not null,
	tree text not null,
	suite text not null,
	name text not null,
	outcome text not null,
	micros bigint not null,
	output text not null,
	primary key (run, step, attempt, place)
);
create index pipeline_test_history on pipeline_test (component, suite, name, run);
