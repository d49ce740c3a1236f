create table incident_regression (
	incident text primary key,
	doc text not null
);
