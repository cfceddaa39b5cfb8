SELECT EXISTS (SELECT FROM event.inbox)
    OR EXISTS (SELECT FROM river.river_job AS j WHERE j.state IN ('available', 'running') AND j.kind <> 'costing_advance');
