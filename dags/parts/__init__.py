"""What the two DAGs are put together from: the operator of a stage, the wait for deliveries, the flow laid out from the pipeline."""
