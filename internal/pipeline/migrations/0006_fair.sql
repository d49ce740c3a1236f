create index pipeline_run_team on pipeline_run (team, started);
